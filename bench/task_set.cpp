// A task set of 1,000 members against as many plain tasks, each of which writes one row and ends in
// a transaction of its own; and how long readers of the former set's rows take while 100,000 rows
// of a new one are published.
#include <algorithm>
#include <array>
#include <stop_token>
#include <thread>

#include "measures.hpp"

namespace baton::bench {
namespace {

const std::string session_token = "1." + std::string(64, '7');

void add_node(Session& session) {
    session.exec(
        "select register_handler('compute', 1, 'bench', '{}', view => 'report', columns => "
        R"('[{"name": "k", "type": "bigint", "nullable": false, "key": true},)"
        R"( {"name": "total", "type": "bigint", "nullable": false, "key": false}]');)"
        "insert into machine (machine_id, name, token_hash) "
        "values (repeat('7', 64), 'bench', sha256('bench'));"
        "insert into node (id, session_hash, name, machine_id, lease) overriding system value "
        "values (1, sha256(convert_to('" +
        session_token +
        "', 'UTF8')), 'bench', repeat('7', 64), '1 hour');"
        "insert into node_handler values (1, 'compute', 1, 'bench');"
        "create table public.plain_report (k bigint primary key, total bigint not null)");
    session.prepare("claim",
                    "select token, task from claim('" + session_token + "', 'compute', 100)");
    session.prepare("write", "insert into public.plain_report values ($1, 1)");
    session.prepare("complete", "select complete('" + session_token + "', $1)");
    session.prepare(
        "complete_member",
        "select complete_member('" + session_token +
            "', $1, jsonb_build_array(jsonb_build_object('k', $2::bigint, 'total', 1)))");
}

// Claims of 100; each task writes one row, and ends in its own transaction.
double rate(Session& session, std::int64_t count, bool in_set) {
    const std::string numbers = "generate_series(1, " + std::to_string(count) + ") as n";
    if (in_set) {
        session.exec(
            "select open_task_set('compute', 'bench', "
            "(select jsonb_object_agg('m' || n::text, n) from " +
            numbers + "))");
    } else {
        session.exec("truncate public.plain_report");
        session.exec("select enqueue_many('compute', array(select to_jsonb(n) from " + numbers +
                     "))");
    }
    const Clock::time_point start = Clock::now();
    for (;;) {
        const Answer tasks = session.run("claim");
        if (tasks.rows() == 0) break;
        for (int row = 0; row < tasks.rows(); ++row) {
            const std::string token(tasks.text(row, 0)), task(tasks.text(row, 1));
            if (in_set) {
                session.run("complete_member", std::array{token, task});
                continue;
            }
            session.exec("begin");
            session.run("write", std::array{task});
            session.run("complete", std::array{token});
            session.exec("commit");
        }
    }
    const double rate = static_cast<double>(count) / seconds_since(start);
    session.exec("select maintain(true)");
    return rate;
}

// In milliseconds, of a reader of one row after the other, while sets of `rows` rows are published.
std::vector<double> read_times(const Database& database, Session& session, std::int64_t rows,
                               bool publishes) {
    std::vector<double> times;
    std::jthread reader([&](const std::stop_token& stop) {
        Session reading(database.url());
        reading.prepare("read", "select total from report where k = $1");
        for (std::int64_t i = 0; !stop.stop_requested(); ++i) {
            const Clock::time_point start = Clock::now();
            reading.run("read", std::array{std::to_string(1 + i * 7919 % rows)});
            times.push_back(seconds_since(start) * 1e3);
        }
    });
    const Clock::time_point start = Clock::now();
    if (!publishes) std::this_thread::sleep_for(std::chrono::seconds(2));
    while (publishes && seconds_since(start) < 2) {
        session.exec("select open_task_set('compute', 'wide', '{\"all\": 1}')");
        const Answer task = session.run("claim");
        session.exec("select complete_member('" + session_token + "', '" +
                     std::string(task.text(0, 0)) +
                     "', (select jsonb_agg(jsonb_build_object('k', n, 'total', n)) "
                     "from generate_series(1, " +
                     std::to_string(rows) + ") as n))");
    }
    reader.request_stop();
    reader.join();
    return times;
}

}  // namespace

void measure_task_set(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1000);
    const std::int64_t rows = workbench.effort().size(100'000);
    const Database database(workbench, "task_set");
    Session session(database.url());
    add_node(session);
    std::vector<double> plain, member, quiet, busy;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        plain.push_back(rate(session, count, false));
        member.push_back(rate(session, count, true));
        // The first makes rows to be read.
        read_times(database, session, rows, true);
        quiet.push_back(percentile(read_times(database, session, rows, false), 0.99));
        busy.push_back(percentile(read_times(database, session, rows, true), 0.99));
        session.exec("select maintain(true)");
    }
    workbench.report({"task_set", "a set of " + std::to_string(count) + " members; plain tasks",
                      "tasks/s", median(member), median(plain), Goal{Goal::Of::ratio, true, 0.7}});
    workbench.report({"task_set_readers_p99",
                      "sets of " + std::to_string(rows) + " rows are published; none is", "ms",
                      median(busy), median(quiet), Goal{Goal::Of::baton, false, 50}});
}

}  // namespace baton::bench
