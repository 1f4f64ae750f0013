-- clear_claims: delete the claims that hold nothing any more. Internal: maintain().
--
-- A claim of which nothing is left changes no more, so one that is locked can be left to the next
-- pass.
--
-- Arguments   at_most: how many.
-- Tables      task_claim: delete. task_end: read.
create or replace function clear_claims(at_most integer)
returns void
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    delete from task_claim
     where id = any (array(
        select c.id
          from task_claim c
         where not exists (
            select from pg_catalog.unnest(c.tasks) as h (task)
             where h.task <> all (c.returned)
               and not exists (select from task_end e where e.task = h.task))
         order by c.id
         limit clear_claims.at_most
           for update skip locked));
$$;
