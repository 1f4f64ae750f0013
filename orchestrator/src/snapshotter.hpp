// Copies the rows of live views now and then, so that time travel need not begin at the first
// event: see take_snapshots.sql.
//
// Threads: a thread and a session of its own, so that the leader never waits for a copy. What it
// copies is right whoever leads. Lifetime: it ends with the destructor, which ends a copy that is
// being made.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/connection.hpp"

namespace baton::orchestrator {

class Snapshotter {
public:
    explicit Snapshotter(const OrchestratorOptions& options);
    ~Snapshotter();
    Snapshotter(const Snapshotter&) = delete;
    Snapshotter& operator=(const Snapshotter&) = delete;

private:
    void run();
    void take();
    /// Waits for the next turn; false if the destructor came first.
    bool wait();

    const OrchestratorOptions& options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;                     // with mutex_
    bool has_ended_ = false;                    // with mutex_
    std::unique_ptr<sql::Connection> session_;  // with mutex_, but for its own thread's use
    std::thread thread_;
};

}  // namespace baton::orchestrator
