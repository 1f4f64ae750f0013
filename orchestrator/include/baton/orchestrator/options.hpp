// OrchestratorOptions: what an orchestrator is for, what it carries, and how it goes about it.
//
// Threads: a value.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/machine_credentials.hpp"
#include "baton/orchestrator/view_set.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/past.hpp"
#include "baton/sql/schedule.hpp"
#include "baton/sql/view_store.hpp"

namespace baton {

/// What a view does about an event that its reducer cannot fold.
enum class PoisonPolicy {
    halt,  ///< Stand before it until a person decides; the other views go on.
    skip,  ///< Note it, and go on without it.
};

/// A schedule that a leader has be what is said here.
struct DeclaredSchedule {
    std::string origin;  ///< Where it is declared, for people.
    std::string name;
    std::string spec;
    ScheduleOf of;
    std::string payload = "{}";
    ScheduleOptions options;
};

/// A workflow that a leader defines.
struct DeclaredWorkflow {
    std::string origin;  ///< Where it is declared, for people.
    std::string name;
    int version = 0;
    std::string steps;  ///< JSON: see define_workflow().
    std::string on_failure = "compensate";
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
    std::vector<DeclaredSchedule> schedules;
    std::vector<DeclaredWorkflow> workflows;
};

}  // namespace baton
