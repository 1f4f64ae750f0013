-- bring_back: tasks that were elsewhere are ready again, in this order, before those of their
-- priority that were never handed out; but what has a lane, and is not at its head, enters that.
-- Internal: end_long_runs(), fill_lanes(), free_children(), hand_back(), pass_lanes(),
-- place_task(), put_task(), ready_due(), redrive(), release_many(), retry_task(), share_lanes().
-- The caller has taken them from where they were.
--
-- Arguments   tasks: which. attempts, deliveries: what was counted so far, one for each task; null:
--             nothing.
-- Returns     how many.
-- Notifies    nodes that sleep.
-- Tables      task_ready: insert. task, task_in_lane: read. Lanes: see enter_lanes().
create or replace function bring_back(tasks bigint[], attempts integer[], deliveries integer[])
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
    -- raise_floors() relies on "xid taken, then place drawn".
    perform pg_current_xact_id();
    with readied as (
        insert into task_ready (requirement, rank, place, task, attempts, deliveries, in_lane)
        select t.requirement, ready_rank(t.priority, true), pg_catalog.nextval('task_place'),
               b.task, coalesce(b.attempts, 0), coalesce(b.deliveries, 0), t.lane is not null
          from unnest(bring_back.tasks, bring_back.attempts, bring_back.deliveries)
               with ordinality as b (task, attempts, deliveries, ordinal)
         cross join lateral (select f.* from task f where f.id = b.task limit 1) as t
         where t.lane is null
            or exists (select from task_in_lane l where l.task = t.id and l.is_head)
         order by b.ordinal
        returning requirement
    ), rung as materialized (
        select r.requirement, count(*) as tasks,
               case when pg_catalog.pg_sequence_last_value('task_doorbell') is not null
                    then ring_nodes(r.requirement, count(*)) end
          from readied r
         group by r.requirement
    )
    select coalesce(sum(r.tasks), 0) into count from rung r;
    if count < cardinality(bring_back.tasks) then
        count := count + enter_lanes(
            bring_back.tasks, bring_back.attempts, bring_back.deliveries);
    end if;
    return count;
end;
$$;
