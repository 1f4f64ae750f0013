#include "bare_drain.hpp"

#include "workbench.hpp"

namespace baton::bench {
namespace {

void fill(Session& session, std::int64_t count) {
    session.exec(
        "insert into public.bare_event (type, payload) select 'a', '{\"order\": 42}' from "
        "generate_series(1, " +
        std::to_string(count) + "); analyze public.bare_event");
}

}  // namespace

void prepare_bare_drain(Session& session) {
    session.prepare("take",
                    "delete from public.bare_event where id in (select id from public.bare_event "
                    "order by id limit 100 for update skip locked) returning id, payload");
    session.prepare("take_one",
                    "delete from public.bare_event where id in (select id from public.bare_event "
                    "order by id limit 1 for update skip locked) returning id, payload");
    session.prepare("count_row",
                    "insert into public.bare_total as t values (0, 1, 0) on conflict (account) do "
                    "update set payments = t.payments + 1");
}

double bare_drain_one_rate(Session& session, std::int64_t count) {
    fill(session, count);
    const Clock::time_point start = Clock::now();
    for (bool is_empty = false; !is_empty;) {
        session.exec("begin");
        is_empty = session.run("take_one").rows() == 0;
        if (!is_empty) session.run("count_row");
        session.exec("commit");
    }
    return static_cast<double>(count) / seconds_since(start);
}

double bare_drain_rate(Session& session, std::int64_t count) {
    fill(session, count);
    const Clock::time_point start = Clock::now();
    while (session.run("take").rows() > 0) {
    }
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace baton::bench
