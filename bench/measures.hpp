// The questions, one file each: <name>.cpp. docs/benchmarks.md says what each means.
//
// Threads: one.
#pragma once

#include <span>

#include "workbench.hpp"

namespace baton::bench {

struct Measure {
    const char* name;
    const char* question;
    void (*run)(Workbench& workbench);
};

/// In the order in which they run.
[[nodiscard]] std::span<const Measure> measures();

void measure_dispatch_1(Workbench& workbench);
void measure_dispatch_8(Workbench& workbench);
void measure_bulk_dispatch(Workbench& workbench);
void measure_capture(Workbench& workbench);
void measure_reduce_cpp(Workbench& workbench);
void measure_reduce_sql(Workbench& workbench);
void measure_latency(Workbench& workbench);
void measure_history(Workbench& workbench);
void measure_statistics(Workbench& workbench);
void measure_memory(Workbench& workbench);
void measure_build(Workbench& workbench);
void measure_switch(Workbench& workbench);
void measure_enqueue_1(Workbench& workbench);
void measure_enqueue_8(Workbench& workbench);
void measure_drain(Workbench& workbench);
void measure_drain_one(Workbench& workbench);
void measure_bulk_enqueue(Workbench& workbench);
void measure_drain_node(Workbench& workbench);
void measure_backlog(Workbench& workbench);
void measure_limits(Workbench& workbench);
void measure_tenants(Workbench& workbench);
void measure_old_snapshot(Workbench& workbench);
void measure_task_latency(Workbench& workbench);
void measure_event_latency(Workbench& workbench);
void measure_reduce_tasks(Workbench& workbench);
void measure_idle_nodes(Workbench& workbench);
void measure_schedules(Workbench& workbench);
void measure_task_set(Workbench& workbench);
void measure_workflow(Workbench& workbench);
void measure_endpoint(Workbench& workbench);
void measure_bus_publish(Workbench& workbench);
void measure_bus_patterns(Workbench& workbench);
void measure_bus_request(Workbench& workbench);
void measure_bus_fan_out(Workbench& workbench);
void measure_bus_stalled(Workbench& workbench);
void measure_bus_process(Workbench& workbench);
void measure_bus_emit(Workbench& workbench);

}  // namespace baton::bench
