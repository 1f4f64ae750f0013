// The orchestrator of one environment: leads it or stands by, and while it leads keeps every view
// exactly right.
//
// One transaction folds a batch, or several, into all views, records them and checks that this
// process still leads; a crash anywhere leaves all of it or nothing. Any number of orchestrators
// may run for one environment: one leads, the others wait to. Nothing is ever decided by a clock of
// this machine. See orchestrator/README.md for the loops, and what happens on each failure.
//
// Threads: run() uses the calling thread and one more, which reads ahead. stop() and
// is_leading() may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "baton/orchestrator/options.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/service_loop.hpp"

namespace baton {

namespace orchestrator {
class Manifest;
class SlowEvents;
}  // namespace orchestrator

class Orchestrator {
public:
    /// `registry` must outlive it.
    Orchestrator(OrchestratorOptions options, const Registry& registry);
    /// Waits for a stop() that is still at work.
    ~Orchestrator();
    Orchestrator(const Orchestrator&) = delete;
    Orchestrator& operator=(const Orchestrator&) = delete;

    /// Leads or stands by until stop(). Comes back from lost connections, restarts, failovers and
    /// lost leadership by itself, and tries on where the server lets nobody in, whatever it says
    /// (passwords and certificates are exchanged, too); throws Error only for what will not go away
    /// by waiting: not_installed, build_mismatch, reducer_invalid, settings_invalid,
    /// statement_failed, and what sql::lead() says of a machine that may not lead.
    void run();

    /// Lets run() finish its batch, resign and return. May be called before run() and twice.
    void stop() noexcept;

    [[nodiscard]] bool is_leading() const noexcept { return leading_; }

private:
    void lead_or_wait(sql::Connection& connection);
    void reduce(sql::Connection& connection, const orchestrator::Manifest& manifest,
                sql::Epoch epoch);
    /// Warns, once for each leader, if it runs other reducers than this process carries.
    void compare_with_leader(sql::Connection& connection, const sql::Candidate& candidate);

    const OrchestratorOptions options_;
    const Registry& registry_;
    sql::ServiceLoop loop_;
    std::unique_ptr<orchestrator::SlowEvents> slow_;  // whoever leads
    std::optional<sql::Epoch> held_;      // until it is resigned, or its loss was reported
    std::optional<sql::Epoch> compared_;  // the leader that this process was compared with

    std::atomic<bool> leading_{false};
};

}  // namespace baton
