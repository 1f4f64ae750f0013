#include "measures.hpp"

#include <array>

namespace baton::bench {

std::span<const Measure> measures() {
    static constexpr std::array<Measure, 37> all{{
        {"dispatch_1", "what a dispatch adds to a business transaction, 1 connection",
         measure_dispatch_1},
        {"dispatch_8", "the same, 8 connections", measure_dispatch_8},
        {"bulk_dispatch", "dispatch_many() against COPY", measure_bulk_dispatch},
        {"capture", "an UPDATE of a captured table against one of a table that is not",
         measure_capture},
        {"reduce_cpp", "a C++ reducer against a hand-written libpq loop", measure_reduce_cpp},
        {"reduce_sql", "a SQL reducer against hand-written SQL", measure_reduce_sql},
        {"latency", "from COMMIT until the view's row is visible", measure_latency},
        {"history", "reducing with a long history and an old snapshot", measure_history},
        {"memory", "the orchestrator's memory while it reduces", measure_memory},
        {"build", "building a version beside the live one, and what the live one pays",
         measure_build},
        {"switch", "how long a promotion takes, and what readers notice", measure_switch},
        {"enqueue_1", "what a task adds to a business transaction, 1 connection",
         measure_enqueue_1},
        {"enqueue_8", "the same, 8 connections", measure_enqueue_8},
        {"drain", "claiming and completing tasks against deleting rows", measure_drain},
        {"bulk_enqueue", "enqueue_many() against COPY", measure_bulk_enqueue},
        {"drain_node", "the same by a node agent", measure_drain_node},
        {"drain_one", "one at a time, each in a transaction of its own", measure_drain_one},
        {"backlog", "draining beside tasks that wait, cannot be taken, or are done",
         measure_backlog},
        {"limits", "draining with limits and lanes", measure_limits},
        {"tenants", "claims with 100,000 tenants against one", measure_tenants},
        {"old_snapshot", "draining beside an old snapshot, and what others notice",
         measure_old_snapshot},
        {"task_latency", "from COMMIT until the handler runs", measure_task_latency},
        {"event_latency", "from an event's COMMIT until its handler runs", measure_event_latency},
        {"reduce_tasks", "a task an event, against a hand-written loop", measure_reduce_tasks},
        {"idle_nodes", "what nodes cost that have nothing to do", measure_idle_nodes},
        {"task_set", "members of a set against plain tasks, and readers of its rows",
         measure_task_set},
        {"schedules", "100,000 schedules that are idle, and 10,000 that are due at once",
         measure_schedules},
        {"statistics", "what counting tasks and events costs", measure_statistics},
        {"workflow", "steps of workflows against plain tasks", measure_workflow},
        {"endpoint", "requests of tasks against the same loop without a database",
         measure_endpoint},
        {"bus_publish", "messages between threads against raw ZeroMQ", measure_bus_publish},
        {"bus_patterns", "a message that one of 1,000 patterns is for", measure_bus_patterns},
        {"bus_request", "a question and its answer against a raw PAIR", measure_bus_request},
        {"bus_fan_out", "pieces of work over threads against PUSH/PULL", measure_bus_fan_out},
        {"bus_stalled",
         "what a subscriber that stands still costs in memory, and the others in time",
         measure_bus_stalled},
        {"bus_process", "messages to another process against raw ipc and msgpack by hand",
         measure_bus_process},
        {"bus_emit", "signals in one thread against Boost.Signals2", measure_bus_emit},
    }};
    return all;
}

}  // namespace baton::bench
