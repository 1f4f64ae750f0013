#include "baton/node_agent/task_context.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "baton/types/json.hpp"

namespace baton {
namespace {

// What a task's meta says of the work that it is a part of.
struct Traced {
    std::optional<std::string> traceparent;  // W3C
    std::optional<std::string> trace;
    BATON_FIELDS(traceparent, trace)
};

std::optional<std::string> trace_in(const std::optional<std::string>& meta) {
    if (!meta) return std::nullopt;
    try {
        const auto traced = decode_json<Traced>(*meta);
        return traced.traceparent ? traced.traceparent : traced.trace;
    } catch (const Error&) {
        return std::nullopt;  // it is of another type: somebody else's word
    }
}

}  // namespace

Timestamp machine_time() {
    return Timestamp::from_micros(std::chrono::duration_cast<std::chrono::microseconds>(
                                      std::chrono::system_clock::now().time_since_epoch())
                                      .count());
}

void require_extension(std::chrono::milliseconds time) {
    constexpr std::chrono::hours longest{30 * 24};
    if (time >= std::chrono::seconds(1) && time <= longest) return;
    throw Error(ErrorCode::task_invalid, "a task cannot be given " + std::to_string(time.count()) +
                                             " ms longer; give 1 second to 30 days");
}

TaskContext::TaskContext(Task task, std::string environment, Doors doors)
    : task_(std::move(task)), environment_(std::move(environment)), doors_(std::move(doors)) {}

TaskContext::~TaskContext() = default;

Bus& TaskContext::bus() {
    if (bus_) return *bus_;
    bus_ = std::make_unique<Bus>([this] { return cancelled(); },
                                 BusContext{task_.id, task_.attempt, trace_in(task_.meta)});
    if (doors_.bus_opened) followed_ = doors_.bus_opened(*bus_);
    return *bus_;
}

void TaskContext::log_arguments(Level level, fmt::string_view format, fmt::format_args arguments) {
    bus().log_arguments(level, format, arguments);
}

SetMember& TaskContext::set() {
    if (!task_.in_set) {
        throw Error(ErrorCode::task_invalid,
                    "the task is no member of a task set: open_task_set() makes some");
    }
    return doors_.set();
}

void TaskContext::require_no_set(std::string_view what) const {
    if (!task_.in_set) return;
    throw Error(ErrorCode::task_invalid,
                "what a member of a task set makes leaves with the set: task.set()." +
                    std::string(what) + "()");
}

void TaskContext::progress(std::string json) {
    if (const auto fault = types::json_fault(json)) {
        throw Error(ErrorCode::task_invalid,
                    "progress is no JSON that Postgres can store: " + *fault);
    }
    if (doors_.progress) doors_.progress(std::move(json));
}

void TaskContext::extend(std::chrono::milliseconds time) {
    require_extension(time);
    if (doors_.extend) doors_.extend(time);
}

EventId TaskContext::promote_event(NewEvent event) {
    require_no_set("dispatch");
    if (std::ranges::find(doors_.promote, event.type) == doors_.promote.end()) {
        throw Error(ErrorCode::event_local,
                    "event type \"" + event.type +
                        "\" may not leave the local bus: name it in [bus] promote of the "
                        "environment's file");
    }
    if (promoted_ >= promotions_max) {
        throw Error(ErrorCode::event_local,
                    "one attempt may promote " + std::to_string(promotions_max) +
                        " events: promote what they come to, and leave the rest on the bus");
    }
    ++promoted_;
    event.meta = "{\"promoted\": {\"task\": " + std::to_string(task_.id) +
                 ", \"attempt\": " + std::to_string(task_.attempt) +
                 ", \"sequence\": " + std::to_string(bus().next_sequence()) + "}}";
    return baton::dispatch(tx(), event);
}

}  // namespace baton
