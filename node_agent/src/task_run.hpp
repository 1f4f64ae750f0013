// A task in its handler's hands, or several, from the payload to what the agent is to tell.
//
// Threads: that of the handler.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/node_agent.hpp"
#include "bus_keeping.hpp"
#include "global_feed.hpp"
#include "handler_connections.hpp"
#include "live_session.hpp"
#include "reports.hpp"
#include "sayings.hpp"

namespace baton::node {

/// What all threads of a node share. It outlives the agent where a handler does.
struct Workshop {
    explicit Workshop(const NodeOptions& options)
        : connections(options.url, options.schema),
          environment(options.credentials.environment),
          promote(options.promote),
          now(options.now),
          keeping(options.bus, options.name, options.credentials.environment) {}

    Reports reports;
    Sayings sayings;
    HandlerConnections connections;
    const std::string environment;
    const std::vector<std::string> promote;  ///< Types of events.
    const std::function<Timestamp()> now;    ///< None: the machine's clock.
    BusKeeping keeping;
    GlobalFeed globals;
    std::atomic<bool> is_stopping{false};
};

/// Of the exception that is being handled; `who` threw it.
[[nodiscard]] std::string reason_of_failure(std::string_view who);

/// Set where a task is its node's no more.
using CancelFlag = std::shared_ptr<std::atomic<bool>>;

/// A task in its handler's hands. What the handler is given is there until finish().
class TaskRun {
public:
    /// `held` outlives it.
    TaskRun(Workshop& workshop, const Held& held, CancelFlag cancelled);
    ~TaskRun();
    TaskRun(const TaskRun&) = delete;
    TaskRun& operator=(const TaskRun&) = delete;

    /// What the database is to hear where its handler is not to begin; nothing where it is.
    [[nodiscard]] std::optional<Report> reason_not_to_begin() const;
    /// Runs the handler.
    [[nodiscard]] Outcome run(const Handlers::Run& run) noexcept;
    /// Begins with the task: see Apart.
    void begin(const Apart& apart, std::function<void(Outcome)> ended);
    /// Commits what the handler wrote together with the task's end. Throws nothing. Of the report,
    /// whose task it is about is left to say.
    [[nodiscard]] Report finish(Outcome outcome) noexcept;

private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

/// The same for several tasks of one version and session, that its handler does in one call; a
/// report and a flag for each.
[[nodiscard]] std::vector<Report> run_batch(Workshop& workshop, const Handlers::RunBatch& run,
                                            const std::vector<Held>& tasks,
                                            const std::vector<CancelFlag>& cancelled) noexcept;

}  // namespace baton::node
