-- pass_lanes: heads have left their lanes; the next ones are heads now, and ready. Internal:
-- leave_lanes().
--
-- No more than have left: so two at once cannot make too many. A lane that has no next one is left
-- alone: what is on its way to a commit has left a word itself, see fill_lanes(). Where the next
-- one of a lane of width 1 is locked, by whoever cancels it just now, nobody overtakes it: a word
-- is left instead.
--
-- Arguments   handlers, widths, lanes: which. left_by: how many heads left each.
-- Locks       the next ones, until the transaction ends; it waits for nobody.
-- Notifies    nodes that sleep.
-- Tables      task_in_lane: read, update. lane_note: insert. task_ready: see bring_back().
create or replace function pass_lanes(
    handlers text[], widths integer[], lanes bigint[], left_by integer[])
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
    next       bigint[];
    attempts   integer[];
    deliveries integer[];
begin
    with freed as materialized (
        select f.handler, f.width, f.lane, f.heads, least(f.heads, f.width - (
                   select count(*) from task_in_lane l
                    where l.lane = f.lane and l.is_head)::integer) as room
          from unnest(pass_lanes.handlers, pass_lanes.widths, pass_lanes.lanes, pass_lanes.left_by)
               as f (handler, width, lane, heads)
    ), following as materialized (
        select f.lane, w.task
          from freed f
         cross join lateral (
            select w.task
              from task_in_lane w
             where w.lane = f.lane and not w.is_head
             order by w.task
             limit greatest(f.room, 0)
               for update skip locked) as w
         where f.width > 1
            or not exists (select from task_in_lane a
                            where a.lane = f.lane and not a.is_head and a.task < w.task)
    ), noted as (
        insert into lane_note (handler, lane)
        select f.handler, f.lane
          from freed f
         where (select count(*) from following n where n.lane = f.lane) < f.heads
           and exists (select from task_in_lane w
                        where w.lane = f.lane and not w.is_head
                          and w.task <> all (array(
                                select n.task from following n where n.lane = f.lane)))
    ), headed as (
        update task_in_lane u
           set is_head = true
         where u.task = any (array(select n.task from following n))
        returning u.task, u.attempts, u.deliveries
    )
    select pg_catalog.array_agg(h.task order by h.task),
           pg_catalog.array_agg(h.attempts::integer order by h.task),
           pg_catalog.array_agg(h.deliveries::integer order by h.task)
      into next, attempts, deliveries
      from headed h;
    if next is not null then
        perform bring_back(next, attempts, deliveries);
    end if;
end;
$$;
