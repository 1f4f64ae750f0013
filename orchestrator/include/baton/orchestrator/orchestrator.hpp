// The orchestrator of one environment: leads it or stands by, and while it leads keeps every view
// exactly right.
//
// One transaction per batch folds the events into all views, records the batch and checks that this
// process still leads; a crash anywhere leaves all of it or nothing. Any number of orchestrators
// may run for one environment: one leads, the others wait to. Nothing is ever decided by a clock of
// this machine. See orchestrator/README.md for the loops, and what happens on each failure.
//
// Threads: run() uses the calling thread and one more, which reads ahead. stop() and standing() may
// be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/machine_credentials.hpp"
#include "baton/orchestrator/view_set.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/past.hpp"
#include "baton/sql/service_loop.hpp"
#include "baton/sql/view_store.hpp"

namespace baton {

namespace orchestrator {
class Carried;
}

/// What a view does about an event that its reducer cannot fold.
enum class PoisonPolicy {
    halt,  ///< Stand before it until a person decides; the other views go on.
    skip,  ///< Note it, and go on without it.
};

struct OrchestratorOptions {
    std::string url;                    ///< A direct connection, not through a pooler.
    std::string schema;                 ///< The environment's.
    std::string node = "orchestrator";  ///< Who this is, for people to read.
    MachineCredentials credentials;     ///< Which environment this is for, and on which machine.
    std::chrono::milliseconds lease{5000};
    std::chrono::milliseconds poll{1000};  ///< How often to look although nobody rang.
    std::size_t batch_max = 50'000;
    /// Accept another build of a registered version, and build its view anew (development).
    bool other_builds = false;
    /// A digest of the program, for the builds of reducers of which nothing else says what is
    /// inside reduce() (development); empty: those builds say nothing of it.
    std::string program;
    std::function<PoisonPolicy(std::string_view view)> on_poison;  ///< Unset: halt.
    std::vector<sql::SqlReducer> sql_reducers;
    std::vector<ViewSet> view_sets;
    /// Promote by itself what it has built, once that is ready (development).
    bool auto_promote = false;
    /// How long a former version is kept for a rollback; a leader retires it then.
    std::chrono::milliseconds rollback_window = std::chrono::hours(24);
    /// Copies of the views' rows, for time travel.
    sql::SnapshotPolicy snapshots;
};

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
    void reduce(sql::Connection& connection, const orchestrator::Carried& carried,
                sql::Epoch epoch);
    /// Warns, once for each leader, if it runs other reducers than this process carries.
    void compare_with_leader(sql::Connection& connection, const sql::Candidate& candidate);

    const OrchestratorOptions options_;
    const Registry& registry_;
    sql::ServiceLoop loop_;
    std::optional<sql::Epoch> held_;      // until it is resigned, or its loss was reported
    std::optional<sql::Epoch> compared_;  // the leader that this process was compared with

    std::atomic<bool> leading_{false};
};

}  // namespace baton
