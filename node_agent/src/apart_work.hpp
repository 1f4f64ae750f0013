// What a pool does whose tasks need no thread while they are under way.
//
// Threads: one, of the pool.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pool.hpp"

namespace baton::node {

class Pool::ApartWork {
public:
    explicit ApartWork(const Crew& crew);
    /// Until the pool is closed, and nothing is under way.
    void run();

private:
    struct Begun {
        explicit Begun(Held task) : held(std::move(task)) {}
        Held held;
        std::optional<TaskRun> run;
    };
    [[nodiscard]] bool has_room() const;
    void begin(std::size_t slot, Held held, const CancelFlag& cancelled);
    void end(std::size_t slot, Outcome outcome);
    void report_one(std::size_t slot, Held held, Report made);

    const Crew& crew_;
    std::vector<std::unique_ptr<Begun>> begun_;  // by slot
    std::vector<std::size_t> free_;              // slots
};

}  // namespace baton::node
