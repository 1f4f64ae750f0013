-- ready_of: the tasks of a requirement that wait for a node, those that go first first. Internal.
--
-- It begins at the base of each rank's floor, so that it passes by nothing that is gone and that an
-- old snapshot keeps.
--
-- Arguments   requirement: of which. at_most: so many.
-- Tables      task_floor, task_ready: read.
create or replace function ready_of(requirement integer, at_most integer)
returns setof task_ready
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    select r.*
      from (select distinct on (f.rank) f.*
              from task_floor f
             where f.requirement = ready_of.requirement
             order by f.rank, f.id desc) as l
     cross join lateral (
        select q.*
          from task_ready q
         where q.requirement = l.requirement and q.rank = l.rank and q.place > l.base
         order by q.place
         limit ready_of.at_most) as r
     order by r.rank, r.place
     limit ready_of.at_most;
$$;
