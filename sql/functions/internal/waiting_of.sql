-- waiting_of: how many tasks of a handler wait, for a node or in a lane; those that wait for a time
-- are not counted. Internal: note_full().
--
-- Arguments   handler: which. at_most: where it stops counting.
-- Cost        of what it counts, and of what waits in lanes of other handlers.
-- Tables      requirement, task_floor, task_ready, task_in_lane: read.
create or replace function waiting_of(handler text, at_most integer)
returns integer
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    needs   constant integer[] := array(
        select r.id from requirement r where r.handler = waiting_of.handler);
    waiting integer;
begin
    select count(*) into waiting
      from (select
              from pg_catalog.unnest(needs) as n (requirement)
             cross join lateral (
                select distinct on (f.rank) f.*
                  from task_floor f
                 where f.requirement = n.requirement
                 order by f.rank, f.id desc) as l
              join task_ready q
                on q.requirement = l.requirement and q.rank = l.rank and q.place > l.base
             limit waiting_of.at_most) as w;
    if waiting < waiting_of.at_most then
        waiting := waiting + (
            select count(*)
              from (select from task_in_lane l
                     where not l.is_head and l.requirement = any (needs)
                     limit waiting_of.at_most - waiting) as w);
    end if;
    return waiting;
end;
$$;
