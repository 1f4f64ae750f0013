// What statistics cost: tasks that are drained while maintain() runs once a second, as it does
// where nodes are, with the counting and with functions in its place that do nothing; until the
// last claim is cleared away. Likewise events that are counted once they are reduced.
#include <atomic>
#include <thread>

#include "measures.hpp"
#include "payments.hpp"
#include "sql_node.hpp"

namespace baton::bench {
namespace {

constexpr const char* count_nothing =
    "create or replace function count_tasks(claims bigint[], are_over boolean) returns void"
    " language plpgsql as $$ begin end; $$;"
    "create or replace function keep_statistics(at_once boolean) returns boolean"
    " language plpgsql as $$ begin return false; end; $$;";

// A second between two passes, as between those of nodes.
class Maintenance {
public:
    explicit Maintenance(const Database& database)
        : session_(database.url()), thread_([this] {
              while (!stopping_) {
                  session_.exec("select maintain()");
                  std::this_thread::sleep_for(std::chrono::seconds(1));
              }
          }) {}
    ~Maintenance() {
        stopping_ = true;
        thread_.join();
    }
    Maintenance(const Maintenance&) = delete;
    Maintenance& operator=(const Maintenance&) = delete;

private:
    Session session_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

struct Drained {
    double rate = 0;
    double cpu_us = 0;  ///< of the server, a task
};

Drained drain(Workbench& workbench, bool counts, std::int64_t count) {
    const Database database(workbench, "statistics");
    Session session(database.url());
    SqlNode node(session);
    if (!counts) session.exec(count_nothing);
    make_tasks(session, count);
    session.exec("analyze task_ready, task");
    Drained drained;
    const double start = workbench.cpu_seconds();
    {
        const Maintenance maintenance(database);
        drained.rate = node.drain();
    }
    while (session.exec("select count(*) from task_claim").integer(0, 0) > 0) {
        session.exec("select maintain(at_once => true)");
    }
    drained.cpu_us = (workbench.cpu_seconds() - start) / static_cast<double>(count) * 1e6;
    return drained;
}

// Events a second of the counting alone.
double count_rate(Workbench& workbench, std::int64_t count) {
    const Database database(workbench, "statistics_events");
    Session session(database.url());
    {
        const OrchestratorProcess orchestrator(database, Reducing::in_cpp);
        dispatch_payments(database, count);
        wait_for_position(session, count);
    }
    const std::int64_t former =
        session.exec("select position from statistic_progress").integer(0, 0);
    const Clock::time_point start = Clock::now();
    while (session.exec("select count_events(20000)").integer(0, 0) > 0) {
    }
    return static_cast<double>(count - former) / seconds_since(start);
}

}  // namespace

void measure_statistics(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(100'000);
    std::vector<double> rate, bare_rate, cpu, bare_cpu;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        const Drained bare = drain(workbench, false, count);
        const Drained counted = drain(workbench, true, count);
        bare_rate.push_back(bare.rate);
        bare_cpu.push_back(bare.cpu_us);
        rate.push_back(counted.rate);
        cpu.push_back(counted.cpu_us);
    }
    const std::string config = std::to_string(count) + " tasks, claims of 100, maintain() beside";
    workbench.report(
        {"statistics", config, "tasks/s", median(rate), median(bare_rate), std::nullopt});
    workbench.report({"statistics_cpu", config + ", server CPU", "us/task", median(cpu),
                      median(bare_cpu), std::nullopt});
    const std::int64_t events = workbench.effort().size(1'000'000);
    workbench.report({"statistics_events", std::to_string(events / 1000) + "k events, counting",
                      "events/s", count_rate(workbench, events), std::nullopt, std::nullopt});
}

}  // namespace baton::bench
