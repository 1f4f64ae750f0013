// What schedules cost: a pass of maintain() beside 100,000 that are idle, against one beside none;
// and how long it takes until of 10,000 that are due at once each has made its task.
#include "measures.hpp"

namespace baton::bench {
namespace {

// Of a core, where maintain() is called once a second.
double share_of_a_core(Workbench& workbench, Session& session) {
    constexpr int passes = 200;
    const auto pass = [&] {
        session.exec(
            "update maintenance set passed_at = '-infinity', history_at = clock_timestamp()");
        session.exec("select maintain()");
    };
    pass();
    const double before = workbench.cpu_seconds();
    for (int i = 0; i < passes; ++i) pass();
    return (workbench.cpu_seconds() - before) / passes;
}

void add_schedules(Session& session, std::int64_t count) {
    session.exec(
        "select register_handler('report', 1, 'bench', '{}');"
        "select schedule('s', '30 2 * * *', 'report', zone => 'Europe/Berlin')");
    session.exec(
        "insert into schedule select (q.s).* from (select jsonb_populate_record(s, "
        "jsonb_build_object('name', 's' || n::text, 'id', 1000000 + n)) as s "
        "from schedule s, generate_series(2, " +
        std::to_string(count) + ") as n) as q; analyze schedule");
}

double seconds_until_all_are_made(Session& session, std::int64_t count) {
    session.exec(
        "update schedule set due_at = clock_timestamp(), next = row(clock_timestamp() at time "
        "zone 'Europe/Berlin', clock_timestamp())::schedule_slot where name in (select name from "
        "schedule order by id limit " +
        std::to_string(count) + ")");
    const Clock::time_point start = Clock::now();
    for (;;) {
        session.exec("update maintenance set passed_at = '-infinity'");
        session.exec("select maintain()");
        if (session.exec("select count(*) from schedule where due_at <= clock_timestamp()")
                .integer(0, 0) == 0) {
            break;
        }
    }
    return seconds_since(start);
}

}  // namespace

void measure_schedules(Workbench& workbench) {
    const std::int64_t idle = workbench.effort().size(100'000);
    const std::int64_t due = workbench.effort().size(10'000);
    const Database database(workbench, "schedules");
    Session session(database.url());
    std::vector<double> none, many, seconds;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        none.push_back(share_of_a_core(workbench, session));
    }
    add_schedules(session, idle);
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        many.push_back(share_of_a_core(workbench, session));
        session.exec(
            "truncate task, task_ready, schedule_run; update schedule set last_task = null");
        seconds.push_back(seconds_until_all_are_made(session, due));
        const auto made =
            session.exec("select count(*), count(distinct meta ->> 'schedule') from task");
        if (made.integer(0, 0) != due || made.integer(0, 1) != due) seconds.back() = 1e9;
    }
    workbench.report({"schedules_idle", std::to_string(idle / 1000) + "k idle", "of a core",
                      median(many), median(none), Goal{Goal::Of::baton, false, 0.01}});
    workbench.report({"schedules_due", std::to_string(due / 1000) + "k due at once", "s",
                      median(seconds), std::nullopt, Goal{Goal::Of::baton, false, 10}});
}

}  // namespace baton::bench
