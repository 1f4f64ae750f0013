// What the threads of the handlers tell the agent: what came of a task.
//
// Threads: add() and wake() from any; the rest belongs to the agent's.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "baton/node_agent/outcome.hpp"
#include "live_session.hpp"

namespace baton::node {

struct Report {
    enum class Kind : std::uint8_t {
        ended,     ///< The handler said so, and the database is to hear it.
        released,  ///< Nothing of it was done: others may have it.
        settled,   ///< The database knows, or the task is this node's no more.
    };
    Kind kind = Kind::settled;
    std::size_t pool = 0;  ///< Its number.
    Held held = {};
    Outcome outcome = {};  ///< Of what ended.
};

class Reports {
public:
    void add(Report report);
    /// Ends a wait() that is under way, or the next one.
    void wake();
    /// The same, because there may be tasks.
    void ring();

    [[nodiscard]] std::vector<Report> take();
    /// Whether it rang since the last look.
    [[nodiscard]] bool take_ring();
    /// Waits until there is a report, but not before `earliest`, unless there are `enough`; or
    /// until `latest`, or wake().
    void wait(Clock::time_point earliest, Clock::time_point latest, std::size_t enough = 1);

private:
    std::mutex mutex_;
    std::condition_variable changed_;  // with mutex_
    std::vector<Report> reports_;
    std::size_t enough_ = 1;  // of wait()
    bool is_woken_ = false;
    bool is_rung_ = false;
};

}  // namespace baton::node
