-- clear_claims: delete the claims that hold nothing any more, once what became of their tasks is
-- counted. Internal: maintain().
--
-- A claim of which nothing is left changes no more, so one that is locked can be left to the next
-- pass.
--
-- Arguments   at_most: how many; and no more than have 30,000 tasks.
-- Tables      task_claim: read, delete. task_end: read. Statistics: see count_tasks().
create or replace function clear_claims(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    empty bigint[];
begin
    empty := array(
        select c.id
          from task_claim c
         where not exists (
            select from pg_catalog.unnest(c.tasks) as h (task)
             where h.task <> all (c.returned)
               and not exists (select from task_end e where e.task = h.task))
         order by c.id
         limit clear_claims.at_most
           for update skip locked);
    -- As many as have so many tasks.
    empty := array(
        select s.id
          from (select c.id, sum(cardinality(c.tasks)) over (order by c.id)
                             - cardinality(c.tasks) as tasks_before
                  from task_claim c where c.id = any (empty)) as s
         where s.tasks_before < 30000);
    if empty = '{}' then
        return;
    end if;
    perform count_tasks(empty, true);
    delete from task_claim c where c.id = any (empty);
end;
$$;
