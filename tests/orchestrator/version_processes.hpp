// The processes of version_model_test.cpp: programs that carry a version of the view set "books",
// until the test or a fault point ends them.
//
// Each change is said in a line, for the history of a failure; "" where there was nothing to do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/world.hpp"

namespace baton::testing {

class VersionProcesses {
public:
    /// The world must live longer.
    explicit VersionProcesses(World& world) : world_(world) {}

    /// There are four at most. With a fault point armed it may die of itself.
    std::string start(int version, const std::string& fault = {});
    /// Which of them is meant is modulo their number, here and below.
    std::string end(std::size_t which, int signal);
    void kill_all();
    void kill_all_of(int version);
    /// Whoever is frozen for longer than its lease is deposed, and must not know better when it
    /// goes on.
    std::string freeze_or_thaw(std::size_t which);

    /// Fails the test if one has ended by itself that has no fault point armed.
    void expect_running();
    /// What they wrote to stderr.
    [[nodiscard]] std::string error_output() const;

private:
    struct Running {
        int version;
        std::unique_ptr<ChildProcess> process;
        bool may_die;
        bool is_frozen = false;
    };

    World& world_;
    std::vector<Running> running_;
    int started_ = 0;
};

}  // namespace baton::testing
