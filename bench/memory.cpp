// The most memory the orchestrator has resident while it reduces a backlog, as the kernel counts.
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {

void measure_memory(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    const Database database(workbench, "memory");
    dispatch_payments(database, count);
    Session session(database.url());
    const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
    wait_for_position(session, count);
    workbench.report({"memory", "VmHWM while reducing " + std::to_string(count) + " events", "MB",
                      orchestrator.peak_megabytes(), std::nullopt,
                      Goal{Goal::Of::baton, false, 150}});
}

}  // namespace baton::bench
