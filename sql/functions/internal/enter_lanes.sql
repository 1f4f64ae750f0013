-- enter_lanes: tasks that are in lanes wait there from now on, each behind those that have a lower
-- id. Internal: add_event_tasks(), bring_back(), enqueue_many(), set_fairness(). The caller has
-- made them, or taken them from where they were.
--
-- It looks at nothing that others may be changing, so it waits for nobody: fill_lanes() makes them
-- heads where there is room.
--
-- Arguments   tasks: which; those that have no lane, or are in theirs, are left alone. attempts,
--             deliveries: see bring_back().
-- Returns     how many.
-- Notifies    nodes that sleep.
-- Tables      task_in_lane, lane_note: insert. task, requirement: read.
create or replace function enter_lanes(tasks bigint[], attempts integer[], deliveries integer[])
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    count integer;
begin
    with entered as (
        insert into task_in_lane (task, lane, requirement, attempts, deliveries)
        select t.id, lane_id(r.handler, t.lane), t.requirement, coalesce(b.attempts, 0),
               coalesce(b.deliveries, 0)
          from unnest(enter_lanes.tasks, enter_lanes.attempts, enter_lanes.deliveries)
               as b (task, attempts, deliveries)
         cross join lateral (
            select t.id, t.lane, t.requirement from task t where t.id = b.task limit 1) as t
          join requirement r on r.id = t.requirement
         where t.lane is not null
           and not exists (select from task_in_lane l where l.task = t.id)
        returning lane, requirement
    ), noted as (
        insert into lane_note (handler, lane)
        select distinct r.handler, e.lane
          from entered e
          join requirement r on r.id = e.requirement
    ), rung as materialized (
        select e.requirement, count(*) as tasks,
               case when pg_catalog.pg_sequence_last_value('task_doorbell') is not null
                    then ring_nodes(e.requirement, count(*)) end
          from entered e
         group by e.requirement
    )
    select coalesce(sum(r.tasks), 0) into count from rung r;
    return count;
end;
$$;
