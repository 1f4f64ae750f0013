// What claims cost of a fair handler for which 100,000 tenants wait, against one tenant with as
// many tasks. Tenants are kept apart in both: the tables have row-level security.
#include <algorithm>

#include "measures.hpp"
#include "sql_node.hpp"

namespace baton::bench {
namespace {

// `tenants`: of as many tasks, each is the next one's.
void make_tasks_of_tenants(Session& session, std::int64_t count, std::int64_t tenants) {
    session.exec(
        "with made as (insert into task (requirement, payload, lane, tenant) "
        "select h.requirement, '{\"order\": 42}', t.name, t.name from handler h "
        "cross join generate_series(1, " +
        std::to_string(count) + ") as i cross join lateral (select concat('t', i % " +
        std::to_string(tenants) +
        ") as name) as t where h.name = 'send_invoice' order by i returning id) "
        "select enter_lanes(array_agg(m.id order by m.id), null, null) from made m");
}

double drain_of_tenants(Workbench& workbench, std::int64_t tenants) {
    const std::int64_t count = workbench.effort().size(100'000);
    const std::int64_t drained = std::max<std::int64_t>(count / 10, 100);
    const Database database(workbench, "tenants");
    Session session(database.url());
    SqlNode node(session);
    session.exec("select set_tenants(true); select set_fairness('send_invoice', true)");
    make_tasks_of_tenants(session, count, std::min(tenants, count));
    // Until the lanes are known, and what was inserted is read for the first time.
    static_cast<void>(node.drain(drained));
    std::vector<double> rates;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        rates.push_back(node.drain(drained));
    }
    return median(rates);
}

}  // namespace

void measure_tenants(Workbench& workbench) {
    const std::int64_t tenants = workbench.effort().size(100'000);
    const double one = drain_of_tenants(workbench, 1);
    workbench.report({"tenants", std::to_string(tenants) + " tenants; itself with one", "tasks/s",
                      drain_of_tenants(workbench, tenants), one,
                      Goal{Goal::Of::ratio, true, 0.667}});
}

}  // namespace baton::bench
