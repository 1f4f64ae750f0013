-- share_lanes: choose what of a fair handler's lanes is done next, and make it ready. Internal:
-- find_tasks().
--
-- It is done for the claim that takes it, so nothing is chosen before there is a node for it. What
-- counts is what each lane has with nodes by now, by its weight: so a lane of slow tasks has no
-- more of the nodes than one of quick ones. A lane that has nothing goes before all that have
-- something, and of those that have as much the one that was served longest ago: so a task that is
-- alone in its lane waits for that many claims at most as there are lanes, divided by how many they
-- take, however many wait in the others.
--
-- A lane that begins is in lane_note until here: so whoever makes tasks waits for nobody.
--
-- Arguments   handler: whose lanes. requirements: what the node can do; see claim(). count: so
--             many.
-- Returns     how many tasks are ready now.
-- Locks       the handler, until the transaction ends; the tasks. It passes by what is locked.
-- Notifies    nodes that sleep.
-- Tables      handler: read. lane_note: delete. fair_lane: insert, update, delete. task_in_lane:
--             read, update. See fair_choice(). task_ready: see bring_back().
-- Cost        of 256 lanes at most, and of 10000 tasks that were made since the last time.
create or replace function share_lanes(handler text, requirements integer[], count integer)
returns integer
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
declare
    lanes_max  constant integer := 256;
    chosen     bigint[];
    served     bigint[];
    emptied    bigint[];
    tasks      bigint[];
    attempts   integer[];
    deliveries integer[];
begin
    perform from handler h where h.name = share_lanes.handler for no key update;
    -- Other statements: they see what was chosen while this waited for the lock.
    with noted as (
        delete from lane_note
         where handler = share_lanes.handler and id = any (array(
            select n.id from lane_note n
             where n.handler = share_lanes.handler order by n.id limit 10000))
        returning lane
    )
    insert into fair_lane (handler, lane, turn)
    select share_lanes.handler, n.lane, pg_catalog.nextval('fair_turn')
      from (select distinct d.lane from noted d) as n
    on conflict (handler, lane) do nothing;
    chosen := array(
        select c.task from fair_choice(share_lanes.handler, share_lanes.requirements,
                                       share_lanes.count, lanes_max) as c (task));
    with headed as (
        update task_in_lane u
           set is_head = true
         where u.task = any (array(
            select l.task from task_in_lane l
             where l.task = any (chosen) and not l.is_head
               for update skip locked))
        returning u.task, u.lane, u.attempts, u.deliveries
    )
    select pg_catalog.array_agg(h.task order by pg_catalog.array_position(chosen, h.task)),
           pg_catalog.array_agg(h.attempts::integer
                                order by pg_catalog.array_position(chosen, h.task)),
           pg_catalog.array_agg(h.deliveries::integer
                                order by pg_catalog.array_position(chosen, h.task)),
           pg_catalog.array_agg(distinct h.lane)
      into tasks, attempts, deliveries, served
      from headed h;
    -- Those that are empty now would be in the way of the others, and need no turn any more. What
    -- was cancelled in some is seen where there is too little.
    emptied := served;
    if coalesce(cardinality(tasks), 0) < share_lanes.count then
        emptied := served || array(
            select e.lane from fair_lane e
             where e.handler = share_lanes.handler order by e.turn limit 2 * lanes_max);
    end if;
    delete from fair_lane f
     where f.handler = share_lanes.handler and f.lane = any (emptied)
       and not exists (select from task_in_lane l where l.lane = f.lane and not l.is_head);
    update fair_lane f
       set turn = pg_catalog.nextval('fair_turn')
     where f.handler = share_lanes.handler and f.lane = any (served);
    return case when tasks is null then 0 else bring_back(tasks, attempts, deliveries) end;
end;
$$;
