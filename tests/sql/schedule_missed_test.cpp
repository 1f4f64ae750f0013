// What is made after a time in which nobody was there: the leaps of due_slots() against counting
// each slot.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"
#include "support/seed.hpp"

namespace baton {
namespace {

// Each policy, with jitter and an end, and a slot that is next some hours ago.
constexpr const char* random_schedule = R"(
create function pg_temp.random_schedule(now timestamptz) returns schedule
language plpgsql as $$
declare
    specs constant text[] := array[
        'every 10 seconds', 'every 7 minutes', '*/20 * * * *', '0 3 * * *', '* * 3 * * *',
        '30 2 * * *', '0,30 1-2 * * *', '0 0 1 * *'];
    k schedule;
begin
    k.name := random()::text;
    k.zone := 'Europe/Berlin';
    k.spec := specs[1 + floor(random() * 8)::integer];
    k.plan := parse_schedule(k.spec, null::timestamptz, k.zone);
    k.jitter := case when random() < 0.5 then interval '0'
                     else make_interval(secs => random() * 300) end;
    k.missed := (array['skip', 'last', 'all'])[1 + floor(random() * 3)::integer];
    k.missed_limit := 1 + floor(random() * 5)::integer;
    k.missed_window := make_interval(mins => 1 + floor(random() * 300)::integer);
    k.ends_at := case when random() < 0.2 then now - interval '10 minutes' end;
    k.next := slot_after(k.plan, k.zone,
                         now - make_interval(secs => random() * random() * 30000));
    return k;
end $$)";

// What due_slots() says, where that is not what comes of going through each slot.
constexpr const char* fault_of_schedule = R"(
create function pg_temp.fault(k schedule, now timestamptz) returns text
language plpgsql as $$
declare
    wanted  schedule_slot[] := '{}';
    coming  schedule_slot := k.next;
    is_late constant boolean := slot_due(k, k.next) < now - interval '1 minute';
    got     record;
begin
    while slot_due(k, coming) <= now and coming.instant <= coalesce(k.ends_at, 'infinity')
    loop
        wanted := wanted || coming;
        coming := next_slot(k.plan, k.zone, coming);
    end loop;
    if is_late then
        wanted := array(
            select row(w.wall, w.instant)::schedule_slot
              from pg_catalog.unnest(wanted) as w
             where k.missed = 'last'
                or k.missed = 'all' and w.instant >= now - k.jitter - k.missed_window
                or k.missed = 'skip' and slot_due(k, row(w.wall, w.instant)::schedule_slot)
                                         >= now - interval '1 minute');
        wanted := case k.missed
            when 'skip' then wanted
            when 'last' then wanted[cardinality(wanted):]
            else wanted[greatest(cardinality(wanted) - k.missed_limit, 0) + 1:] end;
    end if;
    if coming.instant > k.ends_at then
        coming := null;
    end if;
    select d.* into got from due_slots(k, now) as d;
    return case when (wanted, coming) is distinct from (got.slots, got.next)
                then concat_ws(' ', k.spec, k.missed, k.missed_limit, k.missed_window,
                               k.jitter, k.next, now, k.ends_at, '- wanted:',
                               wanted, coming, '- is:', got.slots, got.next) end;
end $$)";

class ScheduleMissedTest : public testing::TaskFixture {};

// Around a night in which the clocks are set.
TEST_F(ScheduleMissedTest, SlotsAreThoseThatCountingEachOneGives) {
    const std::string seed = std::to_string(static_cast<double>(testing::seed() % 1000000) / 1e6);
    connection_.exec("select setseed(" + seed + ")");
    connection_.exec(random_schedule);
    connection_.exec(fault_of_schedule);
    const sql::Result faults = connection_.exec(R"(
        select f.fault
          from (select timestamptz '2026-03-28 20:00:00+00'
                       + make_interval(secs => random() * 40000) as now
                  from generate_series(1, 200)) as n
         cross join lateral (select pg_temp.random_schedule(n.now) as k) as k
         cross join lateral (select pg_temp.fault(k.k, n.now) as fault) as f
         where f.fault is not null)");
    for (const sql::Row& row : faults) ADD_FAILURE() << row.text(0);
}

}  // namespace
}  // namespace baton
