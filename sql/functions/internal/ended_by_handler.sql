-- ended_by_handler: how long tasks waited and ran, and how many end, by handler. Internal:
-- handlers().
--
-- Returns     a row for each handler with tasks among the newest 5000 that ended (by their ids).
--   per_second  that ended within the last minute; where those 5000 did within less, of that time.
--   wait_p50, wait_p95  seconds from enqueue() to the claim under which it ended; what waited for a
--               time, or was tried before, waited for that, too.
--   run_p50, run_p95    seconds from that claim to the end.
-- Cost        of those 5000. Where a task is looked up, limit 1 says that it is to be by its id:
--             statistics of a moment when there were few make Postgres read all of them.
-- Tables      task_end, task, requirement: read.
create or replace function ended_by_handler()
returns table (
    handler text, per_second numeric, wait_p50 numeric, wait_p95 numeric, run_p50 numeric,
    run_p95 numeric)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    with ended as materialized (
        select r.handler, e.ended_at,
               extract(epoch from e.claimed_at - t.enqueued_at)::double precision as waited,
               extract(epoch from e.ended_at - e.claimed_at)::double precision as ran
          from (select n.task, n.claimed_at, n.ended_at
                  from task_end n
                 order by n.task desc
                 limit 5000) as e
         cross join lateral (
            select t.requirement, t.enqueued_at from task t where t.id = e.task limit 1) as t
          join requirement r on r.id = t.requirement
    ), span as (
        select greatest(1, case when count(*) < 5000 then 60 else least(
                   60, extract(epoch from clock_timestamp() - min(e.ended_at))) end) as seconds
          from ended e
    )
    select e.handler,
           round(count(*) filter (where e.ended_at > clock_timestamp() - interval '1 minute')
                 / min(s.seconds), 2),
           round(percentile_cont(0.5) within group (order by e.waited)::numeric, 3),
           round(percentile_cont(0.95) within group (order by e.waited)::numeric, 3),
           round(percentile_cont(0.5) within group (order by e.ran)::numeric, 3),
           round(percentile_cont(0.95) within group (order by e.ran)::numeric, 3)
      from ended e
     cross join span s
     group by e.handler;
$$;
