// Steps of workflows, five a run, of which each is made when the one before it is done, against as
// many plain tasks of the same handler, drained by the same node.
#include "baton/types/fields.hpp"
#include "counting_node.hpp"
#include "measures.hpp"

namespace baton::bench {
namespace {

struct Order {
    std::int64_t order = 0;
    BATON_FIELDS(order)
};

struct PassOn {
    using Payload = Order;
    static constexpr std::string_view name = "pass_on";
    static constexpr int version = 1;
    static constexpr std::string_view build = "bench";

    Order handle(const Order& order) const { return order; }
};

}  // namespace

void measure_workflow(Workbench& workbench) {
    constexpr std::int64_t steps = 5;
    const std::int64_t runs = workbench.effort().size(4000);
    const std::string count = std::to_string(runs * steps);
    const std::string plain =
        "select enqueue_many('pass_on', array_fill('{\"order\": 42}'::jsonb, array[";
    const Database database(workbench, "workflow");
    Session session(database.url());
    Handlers handlers;
    handlers.add<PassOn>();
    const CountingNode node(database, handlers, "pass_on");
    std::vector<double> bare, baton, bare_cpu, baton_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        const double start = workbench.cpu_seconds();
        bare.push_back(rate_until_ended(session, plain + count + "]))", runs * steps));
        const double middle = workbench.cpu_seconds();
        session.exec(
            "select define_workflow('five', 1, (select jsonb_agg(jsonb_build_object('handler', "
            "'pass_on', 'name', 's' || i)) from generate_series(1, 5) i))");
        baton.push_back(rate_until_ended(
            session,
            "select count(start_workflow('five', '{\"order\": 42}')) from generate_series(1, " +
                std::to_string(runs) + ")",
            runs * steps));
        const double per_task = 1e6 / static_cast<double>(runs * steps);
        bare_cpu.push_back((middle - start) * per_task);
        baton_cpu.push_back((workbench.cpu_seconds() - middle) * per_task);
    }
    const std::string config = std::to_string(runs) + " runs of 5 steps, one node";
    workbench.report({"workflow", config + ", beside plain tasks", "tasks/s", median(baton),
                      median(bare), Goal{Goal::Of::ratio, true, 0.60}});
    workbench.report(
        {"workflow_cpu", config + ", server CPU", "us/task", median(baton_cpu), median(bare_cpu)});
}

}  // namespace baton::bench
