// NodeAgent: a node of an environment. It claims the tasks of the handlers that it carries, runs
// them on threads of its own, and tells the database what came of each.
//
//   baton::Handlers handlers;
//   handlers.add<SendInvoice>();
//   baton::NodeAgent agent({.url = url, .schema = "baton_production", .credentials = …}, handlers);
//   agent.run();          // until stop(), from another thread
//
// One connection is the agent's; handlers that ask for a transaction get connections of their own.
// See node_agent/README.md for the loop, and what happens on each failure.
//
// Threads: run() uses the calling thread and those of the handlers' pools. stop() and
// is_registered() may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baton/base/machine_credentials.hpp"
#include "baton/local_bus/log_line.hpp"
#include "baton/node_agent/followers.hpp"
#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/workflow.hpp"

namespace baton {

namespace node {
class Agent;
}

/// What becomes of what tasks say on their buses (`[bus]` in the environment's file).
struct BusOptions {
    /// Where the last 1,000 messages of an attempt that failed are kept (baton/local_bus/
    /// last_messages.hpp); empty: nowhere.
    std::filesystem::path failures = {};
    std::int64_t failure_files = 100;
    std::int64_t failure_days = 7;
    /// The lines of tasks that are also in the process's log: from there on; none: none.
    std::optional<Level> to_log = std::nullopt;
    /// How many of its last lines an attempt's error has.
    std::int64_t error_lines = 0;
    std::vector<std::string> error_lines_except = {};  ///< But not for tasks of these tenants.
    /// The types of the events of the log that every task's bus hears, as "global/<type>":
    /// global_event.hpp.
    std::vector<std::string> global = {};
    /// Whether `baton bus` can look at the buses, while they are there.
    bool has_window = true;
};

struct NodeOptions {
    std::string url;  ///< Through a pooler in transaction mode it hears of tasks by polling alone.
    std::string schema;                    ///< The environment's.
    std::string name = "node";             ///< Who this is, for people to read.
    MachineCredentials credentials;        ///< Which environment this is for, and on which machine.
    std::vector<std::string> labels = {};  ///< What the node has beside its handlers: "gpu".
    /// The types of the events that handlers may promote: TaskContext::promote().
    std::vector<std::string> promote = {};
    BusOptions bus = {};
    /// How long it is believed without a sign of life: its tasks are handed to others then.
    std::chrono::milliseconds lease{30'000};
    /// How long after a look that found no tasks to look again. Where the node is rung it does so
    /// ever less often: up to thirty times as long after, a minute at most.
    std::chrono::milliseconds poll{1000};
    /// How long handlers that run may go on after stop().
    std::chrono::milliseconds stop_patience{4000};
    /// Defined once its handlers are registered: define_workflow().
    std::vector<Workflow> workflows = {};
    /// A digest of the program, for the builds of handlers of which nothing else says what is
    /// inside handle() (development); empty: those builds say nothing of it.
    std::string program;
    /// What TaskContext::now() says; none: the machine's clock. For tests.
    std::function<Timestamp()> now = {};
};

class NodeAgent {
public:
    /// Throws Error(handler_invalid) where there is neither handler nor follower,
    /// Error(recording_failed) for a folder of failures that is not this user's alone, and
    /// Error(settings_invalid) for a type in `bus.global` that is no topic.
    NodeAgent(NodeOptions options, const Handlers& handlers, const Followers& followers = {});
    /// Waits for a stop() that is still at work.
    ~NodeAgent();
    NodeAgent(const NodeAgent&) = delete;
    NodeAgent& operator=(const NodeAgent&) = delete;

    /// Works until stop(). Comes back from lost connections, restarts, failovers and a lease that
    /// ran out by itself; throws Error only for what will not go away by waiting: not_installed,
    /// build_mismatch, task_invalid, workflow_invalid, settings_invalid, statement_failed,
    /// machine_revoked, and what else sql::NodeSession says of a machine that may not take part.
    /// What it holds then goes back at once, where that can still be said, or when its lease is
    /// over.
    void run();

    /// Lets run() finish: it claims nothing more, hands back at once what no handler has begun
    /// with, and waits for what runs. May be called before run() and twice.
    void stop() noexcept;

    [[nodiscard]] bool is_registered() const noexcept;

    /// After run(): how many handlers and followers it has left running, because they did not end
    /// in stop_patience. Their tasks are handed back, and their threads go on until they return. A
    /// program that is about to end does so by std::_Exit() then.
    [[nodiscard]] int left_running() const;

private:
    std::unique_ptr<node::Agent> agent_;
};

}  // namespace baton
