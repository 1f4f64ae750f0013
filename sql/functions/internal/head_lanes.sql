-- head_lanes: make the first tasks that wait in lanes heads, where there is room. Internal:
-- fill_lanes(), which makes them ready.
--
-- One session at a time does this for the lanes of a handler. The heads that there are are locked:
-- of those that can be, whoever ends them comes later, and sees what is waiting. Of others somebody
-- may be ending just now who has looked for the next one already.
--
-- Arguments   lanes: which. width: how many heads one has at most.
-- Returns     one row. tasks, attempts, deliveries: what are heads now; see bring_back(). unsure:
--             the lanes at which somebody has to look again. Null for none.
-- Locks       the lanes' heads, and what becomes one; it passes by what others have locked. Whoever
--             ends one of these heads waits until this transaction ends.
-- Tables      task_in_lane: read, update.
create or replace function head_lanes(lanes bigint[], width integer)
returns table (tasks bigint[], attempts integer[], deliveries integer[], unsure bigint[])
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = on
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
        with seen as materialized (
            select n.lane, (select count(*) from task_in_lane l
                             where l.lane = n.lane and l.is_head)::integer as heads
              from pg_catalog.unnest(head_lanes.lanes) as n (lane)
        ), held as materialized (
            select l.lane
              from task_in_lane l
             where l.lane = any (head_lanes.lanes) and l.is_head
               for update skip locked
        ), first as materialized (
            select s.lane, w.task
              from seen s
             cross join lateral (
                select w.task
                  from task_in_lane w
                 where w.lane = s.lane and not w.is_head
                 order by w.task
                 limit greatest(head_lanes.width - s.heads, 0)) as w
        ), headed as (
            update task_in_lane u
               set is_head = true
             where u.task = any (array(
                select l.task
                  from task_in_lane l
                 where l.task = any (array(select f.task from first f)) and not l.is_head
                   for update skip locked))
            returning u.task, u.lane, u.attempts, u.deliveries
        )
        select (select pg_catalog.array_agg(h.task order by h.task) from headed h),
               (select pg_catalog.array_agg(h.attempts::integer order by h.task) from headed h),
               (select pg_catalog.array_agg(h.deliveries::integer order by h.task) from headed h),
               (select pg_catalog.array_agg(s.lane)
                  from seen s
                  left join (select h.lane, count(*) as heads from held h group by h.lane) as h
                    on h.lane = s.lane
                  left join (select f.lane, count(*) as tasks from first f group by f.lane) as f
                    on f.lane = s.lane
                  left join (select d.lane, count(*) as tasks from headed d group by d.lane) as d
                    on d.lane = s.lane
                 where coalesce(h.heads, 0) < s.heads
                    or coalesce(d.tasks, 0) < coalesce(f.tasks, 0));
end;
$$;
