// A backlog of events into the totals of 1,000 accounts, exactly once: the orchestrator, started
// with the backlog waiting, against what one would write by hand for a table of one's own.
#include <charconv>
#include <unordered_map>
#include <utility>

#include "baton/base/error.hpp"
#include "measures.hpp"
#include "payments.hpp"

namespace baton::bench {
namespace {

constexpr auto page_events = "10000";
constexpr auto upsert_totals =
    "insert into public.bare_total as t select * from"
    " unnest($1::bigint[], $2::bigint[], $3::bigint[]) on conflict (account) do update"
    " set payments = t.payments + excluded.payments, amount = t.amount + excluded.amount";

struct Total {
    std::int64_t payments = 0;
    std::int64_t amount = 0;
};

void append_number(std::string& array, std::int64_t number) {
    array += array.empty() ? '{' : ',';
    array += std::to_string(number);
}

std::vector<std::string> arrays_of(const std::unordered_map<std::int64_t, Total>& totals) {
    std::vector<std::string> arrays(3);
    for (const auto& [account, total] : totals) {
        append_number(arrays[0], account);
        append_number(arrays[1], total.payments);
        append_number(arrays[2], total.amount);
    }
    for (std::string& array : arrays) array += '}';
    return arrays;
}

// Keyset pages; the totals of a page in memory; one upsert and the cursor, in one transaction.
void reduce_by_hand(const Database& database, bool adds_tasks) {
    Session session(database.url());
    session.prepare("tasks",
                    "insert into public.bare_task (payload) select payload from public.bare_event"
                    " where id > $1 and id <= $2 order by id");
    session.prepare("page",
                    "select id, (payload ->> 'account')::bigint, (payload ->> 'amount')::bigint"
                    " from public.bare_event where id > $1 order by id limit $2");
    session.prepare("upsert", upsert_totals);
    session.prepare("move", "update public.bare_cursor set after_id = $1");
    std::string after_id(session.exec("select after_id from public.bare_cursor").text(0, 0));
    for (;;) {
        session.exec("begin");
        const Answer page = session.run("page", std::vector<std::string>{after_id, page_events});
        if (page.rows() == 0) break;
        std::unordered_map<std::int64_t, Total> totals;
        for (int row = 0; row < page.rows(); ++row) {
            Total& total = totals[page.integer(row, 1)];
            total.payments += 1;
            total.amount += page.integer(row, 2);
        }
        const std::string former_id = std::exchange(after_id, page.text(page.rows() - 1, 0));
        if (adds_tasks) session.run("tasks", std::vector<std::string>{former_id, after_id});
        session.run("upsert", arrays_of(totals));
        session.run("move", std::vector<std::string>{after_id});
        session.exec("commit");
    }
    session.exec("rollback");
}

void reduce_by_hand(const Database& database) { reduce_by_hand(database, false); }
void reduce_with_tasks_by_hand(const Database& database) { reduce_by_hand(database, true); }

// One statement a page does it all.
void reduce_in_sql_by_hand(const Database& database) {
    Session session(database.url());
    session.prepare(
        "page",
        "with page as materialized ("
        "    select id, payload from public.bare_event"
        "     where id > (select after_id from public.bare_cursor) order by id limit 10000),"
        " totals as ("
        "    insert into public.bare_total as t"
        "    select (payload ->> 'account')::bigint, count(*), sum((payload ->> 'amount')::bigint)"
        "      from page group by 1 on conflict (account) do update"
        "       set payments = t.payments + excluded.payments, amount = t.amount + excluded.amount)"
        " update public.bare_cursor set after_id = (select max(id) from page)"
        " where exists (select from page) returning 1");
    while (session.run("page").rows() > 0) {
    }
}

void require_equal_totals(Session& session, const std::string& view) {
    const std::string differences =
        "select count(*) from public.bare_total b full join " + view +
        " v using (account) where (b.payments, b.amount) is distinct from (v.payments, v.amount)";
    if (session.exec(differences).integer(0, 0) != 0) {
        throw Error(ErrorCode::statement_failed, view + " differs from the bare totals");
    }
}

struct Sides {
    std::vector<double> bare, baton;          // events/s
    std::vector<double> bare_cpu, baton_cpu;  // of server and clients, us an event
};

struct Contest {
    const char* name;
    Reducing reducing;
    const char* view;
    void (*by_hand)(const Database& database);
    bool with_tasks = false;  ///< A handler is subscribed: each event becomes a task.
};

void one_round(Workbench& workbench, const Database& database, const Contest& contest,
               std::int64_t count, Sides& sides) {
    Session session(database.url());
    copy_payments(session, count);
    const double bare_cpu = workbench.cpu_seconds();
    Clock::time_point start = Clock::now();
    contest.by_hand(database);
    sides.bare.push_back(static_cast<double>(count) / seconds_since(start));
    sides.bare_cpu.push_back((workbench.cpu_seconds() - bare_cpu) / static_cast<double>(count) *
                             1e6);

    dispatch_payments(database, count);
    const auto position = session.exec("select count(*) from event").integer(0, 0);
    const double baton_cpu = workbench.cpu_seconds();
    start = Clock::now();
    const OrchestratorProcess orchestrator(database, contest.reducing);
    wait_for_position(session, position);
    sides.baton.push_back(static_cast<double>(count) / seconds_since(start));
    sides.baton_cpu.push_back((workbench.cpu_seconds() - baton_cpu) / static_cast<double>(count) *
                              1e6);
    require_equal_totals(session, contest.view);
    if (contest.with_tasks && session.exec("select from task").rows() < position) {
        throw Error(ErrorCode::statement_failed, "an event became no task");
    }
}

Sides compare(Workbench& workbench, const Contest& contest, std::int64_t count) {
    const Database database(workbench, contest.name);
    {
        const OrchestratorProcess orchestrator(database, contest.reducing);
        Session session(database.url());
        if (contest.with_tasks) {
            session.exec("select register_handler('send_invoice', 1, 'bench', '{payment/made}')");
        }
        wait_until_following(session);
    }
    Sides sides;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        one_round(workbench, database, contest, count, sides);
    }
    return sides;
}

}  // namespace

void measure_reduce_cpp(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    const Sides sides = compare(
        workbench, {"reduce_cpp", Reducing::in_cpp, "account_totals", &reduce_by_hand}, count);
    const std::string config = std::to_string(count) + " events, 1000 totals";
    const double bare = median(sides.bare);
    workbench.report({"reduce_cpp", config, "events/s", median(sides.baton), bare,
                      Goal{Goal::Of::ratio, true, 0.50}});
    // The goal is 200,000 events/s on a machine whose bare loop makes 360,000.
    workbench.report({"reduce_cpp_rate", config + "; goal scaled by bare", "events/s",
                      median(sides.baton), bare,
                      Goal{Goal::Of::baton, true, 200'000 * bare / 360'000}});
    workbench.report({"reduce_cpp_cpu", config + ", server CPU", "us/event",
                      median(sides.baton_cpu), median(sides.bare_cpu)});
}

void measure_reduce_tasks(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    const Sides sides = compare(workbench,
                                {.name = "reduce_tasks",
                                 .reducing = Reducing::in_cpp,
                                 .view = "account_totals",
                                 .by_hand = &reduce_with_tasks_by_hand,
                                 .with_tasks = true},
                                count);
    const std::string config = std::to_string(count) + " events, a task each, 1000 totals";
    workbench.report({"reduce_tasks", config, "events/s", median(sides.baton), median(sides.bare),
                      Goal{Goal::Of::ratio, true, 0.60}});
    workbench.report({"reduce_tasks_cpu", config + ", server CPU", "us/event",
                      median(sides.baton_cpu), median(sides.bare_cpu)});
}

void measure_reduce_sql(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    const Sides sides = compare(
        workbench, {"reduce_sql", Reducing::in_sql, "account_totals_sql", &reduce_in_sql_by_hand},
        count);
    const std::string config = std::to_string(count) + " events, 1000 totals";
    workbench.report({"reduce_sql", config, "events/s", median(sides.baton), median(sides.bare),
                      Goal{Goal::Of::ratio, true, 0.60}});
    workbench.report({"reduce_sql_cpu", config + ", server CPU", "us/event",
                      median(sides.baton_cpu), median(sides.bare_cpu)});
}

}  // namespace baton::bench
