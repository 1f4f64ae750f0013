-- why_shared: what goes before a task in the lanes of a fair handler. Internal: why_in_lane().
--
-- Arguments   handler: which. lane, task: of task_in_lane.
-- Returns     one row of why().
-- Cost        it stops counting at 10000 tasks, and lanes.
-- Tables      fair_lane, task_in_lane, task: read.
create or replace function why_shared(handler text, lane bigint, task bigint)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    select 'queued', pg_catalog.format(
               'the lanes of handler %s share what nodes have, and in %s of them tasks wait; of '
               'its lane %s nodes have %s, and %s others go first',
               why_shared.handler, f.lanes, t.lane, h.held, a.ahead),
           'wait for its turn, or start more nodes that carry it'
      from (select t.lane from task t where t.id = why_shared.task limit 1) as t
     cross join (
        select greatest(count(*), 1) as lanes
          from (select from fair_lane f where f.handler = why_shared.handler limit 10000) as f) as f
     cross join (
        select count(*) as held
          from task_in_lane h where h.lane = why_shared.lane and h.is_head) as h
     cross join (
        select count(*) as ahead
          from (select from task_in_lane o
                 where o.lane = why_shared.lane and not o.is_head and o.task < why_shared.task
                 limit 10000) as o) as a;
$$;
