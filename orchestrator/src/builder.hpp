// Keeps view versions that are not live: it builds new ones beside those that are, and keeps former
// ones warm. Each follows the recorded log under a checkpoint of its own.
//
// Threads: that of its connection. Lifetime: everything that is passed must outlive it; what it
// claimed is given up when the connection ends.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "build_leases.hpp"
#include "catch_up.hpp"
#include "manifest.hpp"

namespace baton::orchestrator {

class Builder {
public:
    Builder(const OrchestratorOptions& options, const Registry& registry, const Manifest& manifest,
            sql::Connection& connection);

    /// Takes on what nobody keeps, first registering what is to be built if `registers`; looks,
    /// too, whether a person has resolved what halted a build. Throws Error: build_mismatch,
    /// reducer_invalid, what sql::lead() says of a machine that may not lead, and what a
    /// Transaction throws.
    void look(bool registers);
    /// Takes one set further, each in its turn; false if all are at the log's end, or
    /// halted. Throws Error(deposed) where a build is not ours any more, and what a Transaction
    /// throws.
    bool step();
    /// The same, of these sets only.
    bool step(const std::vector<std::string>& sets);
    /// Whether somebody's lock has set one of these aside: it is not at the log's end then.
    [[nodiscard]] bool is_put_off(const std::vector<std::string>& sets) const;

    /// The sets that were never live, if all that this process keeps of them is at the log's end.
    [[nodiscard]] std::vector<const sql::SetVersion*> ready_sets() const;

private:
    using Clock = std::chrono::steady_clock;
    struct Kept {
        const Manifest::Set* set;
        sql::SetState state;
        std::vector<View*> views;  // those that are not live
    };

    template <class Choice>
    bool step_of(Choice&& is_chosen);
    void next_turn();
    void register_sets();
    void claim();
    void withdraw(const Kept& kept);
    void require_whole_log(const Kept& kept, const sql::BuildClaim& claim);
    std::optional<Position> start_from_former(const Kept& kept, const Manifest::Member& member,
                                              const sql::BuildClaim& claim);
    void show();
    void resume();

    const OrchestratorOptions& options_;
    const Manifest& manifest_;
    sql::Connection& connection_;
    BuildLeases leases_;
    SlowEvents slow_;
    CatchUp catch_up_;
    std::vector<std::unique_ptr<View>> views_;
    std::vector<Kept> kept_;
    bool has_to_register_ = false;  // whether a set waits to be registered
    std::size_t turn_ = 0;          // in kept_
    Clock::time_point turn_began_;
    std::vector<View*> unshown_;  // which the public view does not know yet
};

}  // namespace baton::orchestrator
