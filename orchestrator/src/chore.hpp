// What a leader has done now and then beside its batches: copies of live views' rows, so that time
// travel need not begin at the first event (take_snapshots.sql), and what has to go on where no
// node is there to see to it (maintain.sql).
//
// Threads: a thread and a session of its own, so that the leader never waits for it. What it does
// is right whoever leads. Lifetime: it ends with the destructor, which ends a statement that is
// under way.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/connection.hpp"

namespace baton::orchestrator {

class Chore {
public:
    /// Does one piece; returns whether there is more to do at once.
    using Work = std::function<bool(sql::Connection&)>;

    /// `name`: of its session, and in what it logs.
    Chore(const OrchestratorOptions& options, std::string name, std::chrono::milliseconds interval,
          Work work);
    ~Chore();
    Chore(const Chore&) = delete;
    Chore& operator=(const Chore&) = delete;

private:
    void run();
    void do_all();
    /// Waits for the next turn; false if the destructor came first.
    bool wait();
    [[nodiscard]] bool is_stopping();

    const OrchestratorOptions& options_;
    const std::string name_;
    const std::chrono::milliseconds interval_;
    const Work work_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;                     // with mutex_
    bool has_ended_ = false;                    // with mutex_
    std::unique_ptr<sql::Connection> session_;  // with mutex_, but for its own thread's use
    std::thread thread_;
};

}  // namespace baton::orchestrator
