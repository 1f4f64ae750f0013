-- take_tasks: take what waits for a node, lowest rank first, and write down that it has it.
-- Internal: find_tasks().
--
-- Where several of the requirements have tasks of one rank, chance says which goes first. It begins
-- to look at the floor of each rank, and moves that on; see raise_floors(). No other rank is looked
-- at, and no row of it locked, once there are enough.
--
-- One claim in sixteen, by chance, begins with a rank that is aged, if there is one: so tasks of
-- low priority are done also where those of higher ones never end.
--
-- Arguments   node: whose. handler: of which. requirements: of which of its tasks; null: of none.
--             count: see claim().
-- Returns     the claim's id; null where nothing waits.
-- Locks       the tasks that it takes; it passes by those that others are taking.
-- Tables      task_ready: delete. task_claim: insert. task_floor: read, insert.
create or replace function take_tasks(
    node bigint, handler text, requirements integer[], count integer)
returns bigint
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    -- Who adds a row for each task that is claimed would write as much as the claim does.
    floor_step constant integer := 100;
    is_for_aged constant boolean := pg_catalog.random() < 1.0 / 16;
    new_id     bigint;
begin
    with looked_at as materialized (
        select f.*
          from pg_catalog.unnest(take_tasks.requirements) as n (requirement)
         cross join lateral (
            select distinct on (f.rank) f.*
              from task_floor f
             where f.requirement = n.requirement
             order by f.rank, f.id desc) as f
    ), taken as (
        delete from task_ready
         where ctid = any (array(
            select t.ctid
              from (select l.* from looked_at l
                     order by l.is_aged and is_for_aged desc,
                              case when not (l.is_aged and is_for_aged) then l.rank end,
                              pg_catalog.random()) as l
             cross join lateral (
                select r.ctid
                  from task_ready r
                 where r.requirement = l.requirement and r.rank = l.rank and r.place > l.place
                 order by r.place
                 limit take_tasks.count
                   for update skip locked) as t
             limit take_tasks.count))
        returning task_ready.*
    ), moved as (
        insert into task_floor (requirement, rank, place, base, settled, is_aged)
        select l.requirement, l.rank, least(max(t.place), l.settled), l.base, l.settled, l.is_aged
          from looked_at l
          join taken t on t.requirement = l.requirement and t.rank = l.rank
         group by l.requirement, l.rank, l.place, l.base, l.settled, l.is_aged
        having least(max(t.place), l.settled) >= l.place + floor_step
    )
    insert into task_claim (node, handler, tasks, attempts, deliveries, in_lanes)
    select take_tasks.node, take_tasks.handler,
           pg_catalog.array_agg(t.task order by t.rank, t.place),
           pg_catalog.array_agg(t.attempts order by t.rank, t.place),
           pg_catalog.array_agg(t.deliveries order by t.rank, t.place),
           pg_catalog.bool_or(t.in_lane)
      from taken t
    having count(*) > 0
    returning id into new_id;
    return new_id;
end;
$$;
