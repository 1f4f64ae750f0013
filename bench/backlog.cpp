// How fast tasks are drained when much else is there, against the same worker in an environment
// where nothing is: tasks that wait behind, tasks that nobody can take in front, a long history,
// statistics of a moment when there was nothing, limits and lanes, and an old snapshot.
#include <array>
#include <functional>
#include <string>

#include "measures.hpp"
#include "sql_node.hpp"

namespace baton::bench {
namespace {

// What is there, or holds, before the tasks are made and drained.
struct Condition {
    const char* name;
    std::string config;
    double goal;
    std::function<void(Session& session)> set_up;
    int lanes = 0;
};

void make_history(Session& session, std::int64_t count) {
    const std::string number = std::to_string(count);
    session.exec(
        "insert into task (id, requirement, payload) overriding system value "
        "select i, h.requirement, '{\"order\": 42}' from handler h, generate_series(1, " +
        number +
        ") as i where h.name = 'send_invoice';"
        "insert into task_end (task, claim, node, outcome, attempts, claimed_at) "
        "select i, i / 100, 1, 'done', 1, clock_timestamp() from generate_series(1, " +
        number +
        ") as i;"
        "select setval(pg_get_serial_sequence('task', 'id'), " +
        number + "); select add_task_partitions(); analyze task, task_end");
}

// Tasks that ask for a label that no node has, of the highest priority.
void make_foreign(Session& session, std::int64_t count) {
    session.exec(
        "select count(enqueue('send_invoice', '{}', priority => 1000, labels => array['gpu'])) "
        "from generate_series(1, " +
        std::to_string(count) + ")");
}

double drain_under(Workbench& workbench, const Condition& condition, std::int64_t count) {
    const Database database(workbench, "backlog");
    Session session(database.url());
    SqlNode node(session);
    if (condition.set_up) condition.set_up(session);
    std::vector<double> rates;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        if (condition.lanes > 0) {
            make_tasks_in_lanes(session, count, condition.lanes);
        } else {
            make_tasks(session, count);
        }
        rates.push_back(node.drain(count));
        session.exec("select maintain(true)");
    }
    return median(rates);
}

void compare(Workbench& workbench, std::int64_t count, const std::vector<Condition>& conditions) {
    const double fresh = drain_under(workbench, {}, count);
    for (const Condition& condition : conditions) {
        workbench.report({condition.name,
                          std::to_string(count) + " tasks; itself " + condition.config, "tasks/s",
                          drain_under(workbench, condition, count), fresh,
                          Goal{Goal::Of::ratio, true, condition.goal}});
    }
}

}  // namespace

void measure_backlog(Workbench& workbench) {
    const std::int64_t many = workbench.effort().size(1'000'000);
    const std::int64_t history = workbench.effort().size(10'000'000);
    compare(workbench, workbench.effort().size(40'000),
            {{"backlog_waiting", "with " + std::to_string(many) + " that wait, against none", 0.9,
              [&](Session& session) { make_tasks(session, many); }},
             {"backlog_foreign",
              "with " + std::to_string(many) + " in front that nobody can take, against none", 0.9,
              [&](Session& session) { make_foreign(session, many); }},
             {"backlog_history", "with " + std::to_string(history) + " that are done, against none",
              0.9, [&](Session& session) { make_history(session, history); }},
             {"backlog_statistics", "analyzed while empty, against not", 0.9, [](Session& session) {
                  session.exec("analyze task, task_ready, task_claim, task_end, task_floor");
              }}});
}

void measure_limits(Workbench& workbench) {
    compare(workbench, workbench.effort().size(40'000),
            {{"limit_running", "with a limit of 1000 that run, against none", 0.7,
              [](Session& session) { session.exec("select limit_running('send_invoice', 1000)"); }},
             {"limit_groups", "of 1000 groups of 4, against none", 0.7,
              [](Session& session) { session.exec("select set_lanes('send_invoice', 4)"); }, 1000},
             {"limit_lanes", "in 1000 strict lanes, against none", 0.5, {}, 1000}});
}

// As many tasks as 800 a second are in the time. (The pace itself is not kept: what ages a snapshot
// is what is written since.)
void measure_old_snapshot(Workbench& workbench) {
    const Effort& effort = workbench.effort();
    const int rounds = effort.quick ? 10 : effort.full ? 120 : 24;
    constexpr std::int64_t count = 4'000;
    const Database database(workbench, "old_snapshot");
    Session session(database.url());
    Session bystander(database.url());
    Session holder(database.url());
    SqlNode node(session);
    session.exec(
        "insert into public.business_order (customer, amount) select i, i from "
        "generate_series(1, 10000) as i; analyze public.business_order");
    bystander.prepare("own", "update public.business_order set amount = amount + 1 where id = $1");
    const auto own_times = [&] {
        std::vector<double> times;
        for (int i = 1; i <= 200; ++i) {
            const Clock::time_point start = Clock::now();
            bystander.run("own", std::array{std::to_string(i * 50)});
            times.push_back(seconds_since(start) * 1e3);
        }
        return percentile(times, 0.95);
    };
    make_tasks(session, count);
    static_cast<void>(node.drain());
    const double own_before = own_times();
    holder.exec("begin isolation level repeatable read; select count(*) from task_ready");
    std::vector<double> rates;
    std::vector<double> own_beside;
    for (int round = 0; round < rounds; ++round) {
        make_tasks(session, count);
        rates.push_back(node.drain());
        session.exec("select maintain(true)");
        own_beside.push_back(own_times());
    }
    holder.exec("rollback");
    const auto part = static_cast<std::ptrdiff_t>(rates.size() / 4);
    const std::vector<double> first(rates.begin(), rates.begin() + part);
    const std::vector<double> last(rates.end() - part, rates.end());
    const std::string config = std::to_string(rounds * count) + " tasks beside one snapshot";
    workbench.report({"old_snapshot", config + "; the last quarter against the first", "tasks/s",
                      median(last), median(first), Goal{Goal::Of::ratio, true, 0.95}});
    workbench.report({"old_snapshot_bystander", config + "; another's UPDATE, p95, against before",
                      "ms", median(own_beside), own_before, Goal{Goal::Of::ratio, false, 1.1}});
}

}  // namespace baton::bench
