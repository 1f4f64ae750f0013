// TaskContext: what a handler is given beside the payload of its task.
//
// Threads: the thread that runs the handler; cancelled() may be asked from any.
// Lifetime: as long as the call of the handler.
#pragma once

#include <fmt/core.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "baton/local_bus/log_line.hpp"
#include "baton/sql/dispatch.hpp"
#include "baton/sql/enqueue.hpp"

namespace pqxx {
class dbtransaction;
}

namespace baton {

class Bus;
class SetMember;

/// What goes with a promoted event. Its meta is what it was caused by.
struct PromoteOptions {
    std::optional<std::string> key = std::nullopt;
    std::optional<std::string> tenant = std::nullopt;
};

/// The same for each attempt of a task, and of no other task in any environment of this name.
[[nodiscard]] inline std::string task_idempotency_key(std::string_view environment,
                                                      std::int64_t task) {
    return std::string(environment) + "/task/" + std::to_string(task);
}

/// What the machine's clock says.
[[nodiscard]] Timestamp machine_time();

/// Throws Error(task_invalid) where a task cannot be given that much longer.
void require_extension(std::chrono::milliseconds time);

class TaskContext {
public:
    struct Task {
        std::int64_t id = 0;
        int version = 0;   ///< Of the handler.
        int attempt = 1;   ///< From 1.
        int delivery = 1;  ///< From 1; how often it was handed to some node.
        std::optional<std::string> tenant = std::nullopt;
        std::optional<std::string> meta = std::nullopt;  ///< JSON text.
        bool in_set = false;                             ///< It is a member of a task set: set().
    };
    /// Where the context leads: what a node agent, or a test of a handler, gives it.
    struct Doors {
        std::function<pqxx::dbtransaction&()> transaction;
        std::function<bool()> is_cancelled;
        std::function<bool()> is_lost = {};  ///< None: as is_cancelled.
        std::function<SetMember&()> set = {};
        std::span<const std::string> promote{};  ///< Types of events; outlives the context.
        /// Told of the bus, if one is made; what it returns is let go of before the bus ends.
        std::function<std::shared_ptr<void>(Bus&)> bus_opened = {};
        std::function<void(std::string json)> progress = {};              ///< None: nobody looks.
        std::function<void(std::chrono::milliseconds time)> extend = {};  ///< Likewise.
        std::function<Timestamp()> now = {};  ///< None: the machine's clock.
    };
    /// How many events one call of a handler may promote.
    static constexpr std::uint64_t promotions_max = 1000;

    TaskContext(Task task, std::string environment, Doors doors);
    TaskContext(const TaskContext&) = delete;
    TaskContext& operator=(const TaskContext&) = delete;
    /// Ends the bus, and with it all that is on it.
    ~TaskContext();

    [[nodiscard]] const Task& task() const noexcept { return task_; }

    /// The transaction in which this task completes; it begins with the first call. What is written
    /// in it is there exactly once, if the handler returns done(): it commits together with the
    /// task's end, and is rolled back in all other cases. The session finds the environment's
    /// functions and what the login's search_path names. Neither commit nor abort it. Throws
    /// Error(connection_lost).
    [[nodiscard]] pqxx::dbtransaction& tx() { return doors_.transaction(); }

    /// What the task's set reads, and where what it makes goes (baton/node_agent/set_member.hpp).
    /// Throws Error: task_invalid where the task is no member of a set, claim_lost where the set
    /// waits for it no more, connection_lost.
    [[nodiscard]] SetMember& set();

    /// Dispatches an event in tx(). Throws as dispatch(); and Error(task_invalid) in a task set,
    /// whose events leave by set().dispatch().
    template <class E>
    EventId dispatch(const E& event, EventOptions options = {}) {
        require_no_set("dispatch");
        return baton::dispatch(tx(), make_event(event, std::move(options)));
    }
    /// Makes a task in tx(). Throws as enqueue(); and Error(task_invalid) in a task set, whose
    /// tasks leave by set().enqueue().
    template <class Payload>
    TaskId enqueue(std::string_view handler, const Payload& payload,
                   const EnqueueOptions& options = {}) {
        require_no_set("enqueue");
        return baton::enqueue(tx(), handler, payload, options);
    }

    /// The task's own local bus (baton/local_bus/bus.hpp), made by the first call. What is said on
    /// it stays in this process, and ends with the call of the handler; its scope is cancelled
    /// when cancelled() is true.
    [[nodiscard]] Bus& bus();

    /// A line for whoever follows this task's log: a message to "log/<level>" on bus(), with task,
    /// attempt and trace (baton/local_bus/log_line.hpp). Where nobody wants such a line nothing is
    /// formatted. May be called from any thread once bus() was.
    template <class... Arguments>
    void log(Level level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        log_arguments(level, format, fmt::make_format_args(arguments...));
    }

    /// The one way from the bus to the log: dispatches the event in tx(), if the environment names
    /// its type in `[bus] promote`. So it is there if this attempt completes the task, and only
    /// then; its meta says {"promoted": {"task": …, "attempt": …, "sequence": …}}, the last of
    /// which is its number among the messages of the bus. Throws Error(event_local) for another
    /// type, or beyond promotions_max; else as dispatch(). (So a member of a task set, whose events
    /// leave by set().dispatch(), promotes nothing.)
    template <class E>
    requires requires { E::event_type; }
    EventId promote(const E& event, const PromoteOptions& options = {}) {
        return promote_event(make_event(event, {.key = options.key, .tenant = options.tenant}));
    }

    /// How far it has come, for people to see: `baton tasks show`. Any JSON; the newest is told,
    /// once a second at most, so call it as often as you like: it waits for nothing. Throws
    /// Error(task_invalid) where it is no JSON; what is larger than an event's meta may be is not
    /// shown, and the log says so. Nothing of it outlives the attempt.
    void progress(std::string json);
    /// The same for a struct with BATON_FIELDS.
    template <types::Declared Struct>
    void progress(const Struct& value) {
        progress(encode_json(value));
    }

    /// It needs longer than its handler may run (set_run_at_most()): the node may have it for
    /// `time` from now on, at least. It is told within a second, so ask in time. Throws
    /// Error(task_invalid) where that is not 1 second to 30 days.
    void extend(std::chrono::milliseconds time);

    /// Whether there is no use in going on: the node stops, its lease is over, or the task is not
    /// its own any more. What the outside world is asked to do should ask this first.
    [[nodiscard]] bool cancelled() const { return doors_.is_cancelled(); }

    /// Whether the task is this node's no more: cancelled(), but for a node that stops, where what
    /// can end soon may still do so.
    [[nodiscard]] bool lost() const { return doors_.is_lost ? doors_.is_lost() : cancelled(); }

    /// What time it is: the machine's clock, or in a test the one that it sets. For a handler that
    /// asks this and no other, tests say what time it is.
    [[nodiscard]] Timestamp now() const { return doors_.now ? doors_.now() : machine_time(); }

    /// The name of the environment.
    [[nodiscard]] const std::string& environment() const noexcept { return environment_; }

    /// The same for each attempt of this task, and of no other task in any environment of this
    /// name: for services that can recognise what they were asked before.
    [[nodiscard]] std::string idempotency_key() const {
        return task_idempotency_key(environment_, task_.id);
    }

private:
    EventId promote_event(NewEvent event);
    void log_arguments(Level level, fmt::string_view format, fmt::format_args arguments);
    void require_no_set(std::string_view what) const;

    const Task task_;
    const std::string environment_;
    const Doors doors_;
    std::uint64_t promoted_ = 0;
    std::unique_ptr<Bus> bus_;
    std::shared_ptr<void> followed_;  // goes before the bus
};

}  // namespace baton
