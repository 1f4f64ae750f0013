-- leave_lanes: tasks are in their lanes no more, and the next ones become heads: those are ready.
-- Internal: await_callback(), call_back(), cancel(), complete_many(), expire_tasks(),
-- note_failure(), purge(), put_task(), set_fairness(), set_lanes(), settle_key(), snooze(). The
-- caller has put the tasks where they belong now.
--
-- Arguments   tasks: which; those that are in no lane are left alone. stays: one of a lane of width
--             1 keeps its place at the head, since nothing behind it may begin before it has ended.
--             In lanes of a fair handler nothing follows: claims choose, see share_lanes().
-- Locks       see pass_lanes(). It waits for fill_lanes(), and for no transaction of others.
-- Notifies    nodes that sleep.
-- Tables      task_in_lane: delete. The next ones: see pass_lanes().
-- Cost        of the tasks that leave and come, however many wait.
create or replace function leave_lanes(tasks bigint[], stays boolean)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    handlers text[];
    widths   integer[];
    lanes    bigint[];
    left_by  integer[];
begin
    with gone as (
        delete from task_in_lane l
         using requirement r, handler h
         where l.task = any (leave_lanes.tasks) and r.id = l.requirement and h.name = r.handler
           and (not leave_lanes.stays or h.lane_width > 1 or h.is_fair)
        returning h.name, h.lane_width, l.lane, l.is_head and not h.is_fair as is_head
    )
    select pg_catalog.array_agg(g.name), pg_catalog.array_agg(g.lane_width),
           pg_catalog.array_agg(g.lane), pg_catalog.array_agg(g.heads)
      into handlers, widths, lanes, left_by
      from (select g.name, g.lane_width, g.lane, count(*)::integer as heads
              from gone g where g.is_head group by g.name, g.lane_width, g.lane) as g;
    if lanes is null then
        return;
    end if;

    -- Another statement: it sees what came while this one waited for fill_lanes().
    perform pass_lanes(handlers, widths, lanes, left_by);
end;
$$;
