#include "bare_drain.hpp"

#include "workbench.hpp"

namespace baton::bench {

void prepare_bare_drain(Session& session) {
    session.prepare("take",
                    "delete from public.bare_event where id in (select id from public.bare_event "
                    "order by id limit 100 for update skip locked) returning id, payload");
}

double bare_drain_rate(Session& session, std::int64_t count) {
    session.exec(
        "insert into public.bare_event (type, payload) select 'a', '{\"order\": 42}' from "
        "generate_series(1, " +
        std::to_string(count) + "); analyze public.bare_event");
    const Clock::time_point start = Clock::now();
    while (session.run("take").rows() > 0) {
    }
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace baton::bench
