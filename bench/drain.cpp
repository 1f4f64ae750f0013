// Claiming and completing tasks over one session, each task with a token and a history row, against
// loops that delete as many bare rows and keep nothing: 100 at a time, and one at a time with a
// write of its own; and making many, against COPY.
#include "bare_drain.hpp"
#include "measures.hpp"
#include "sql_node.hpp"

namespace baton::bench {
namespace {

// In calls of 10,000, one transaction.
double enqueue_rate(Session& session, std::int64_t count) {
    const std::int64_t call = 10'000;
    const Clock::time_point start = Clock::now();
    session.exec("begin");
    for (std::int64_t made = 0; made < count; made += call) make_tasks(session, call);
    session.exec("commit");
    return static_cast<double>(count) / seconds_since(start);
}

double copy_rate(Session& session, std::int64_t count) {
    const Clock::time_point start = Clock::now();
    std::int64_t done = 0;
    session.copy("copy public.bare_event (type, payload) from stdin", [&](std::string& buffer) {
        for (int row = 0; row < 1000 && done < count; ++row, ++done) {
            buffer += "send_invoice\t{\"order\": 42}\n";
        }
        return !buffer.empty();
    });
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace

void measure_drain(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(100'000);
    const Database database(workbench, "drain");
    Session session(database.url());
    SqlNode node(session);
    prepare_bare_drain(session);
    std::vector<double> bare, baton, bare_cpu, baton_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        const double start = workbench.cpu_seconds();
        bare.push_back(bare_drain_rate(session, count));
        const double middle = workbench.cpu_seconds();
        make_tasks(session, count);
        session.exec("analyze task_ready, task");
        baton.push_back(node.drain());
        session.exec("select maintain()");
        bare_cpu.push_back((middle - start) / static_cast<double>(count) * 1e6);
        baton_cpu.push_back((workbench.cpu_seconds() - middle) / static_cast<double>(count) * 1e6);
    }
    const std::string config = std::to_string(count) + " tasks, claims of 100, over SQL";
    workbench.report({"drain", config, "tasks/s", median(baton), median(bare)});
    workbench.report({"drain_cpu", config + ", server CPU, made and drained", "us/task",
                      median(baton_cpu), median(bare_cpu)});
}

void measure_drain_one(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(10'000);
    const Database database(workbench, "drain_one");
    Session session(database.url());
    SqlNode node(session);
    prepare_bare_drain(session);
    std::vector<double> bare, baton;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        bare.push_back(bare_drain_one_rate(session, count));
        make_tasks(session, count);
        baton.push_back(node.drain_one_by_one());
        session.exec("select maintain()");
    }
    workbench.report({"drain_one",
                      std::to_string(count) + " tasks, a transaction and an upsert each", "tasks/s",
                      median(baton), median(bare), Goal{Goal::Of::ratio, true, 0.60}});
}

void measure_bulk_enqueue(Workbench& workbench) {
    const std::int64_t count = std::max<std::int64_t>(workbench.effort().size(100'000), 10'000);
    const Database database(workbench, "bulk_enqueue");
    Session session(database.url());
    session.exec("select register_handler('send_invoice', 1, 'bench', '{}')");
    std::vector<double> bare, baton;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        bare.push_back(copy_rate(session, count));
        baton.push_back(enqueue_rate(session, count));
    }
    workbench.report({"bulk_enqueue", std::to_string(count) + " tasks, calls of 10000", "tasks/s",
                      median(baton), median(bare), Goal{Goal::Of::ratio, true, 0.40}});
}

}  // namespace baton::bench
