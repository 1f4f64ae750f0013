-- dead_by_handler: how many tasks are dead, by handler. Internal: handlers(), queues(),
-- status_tasks().
--
-- Returns     a row for each handler that has some. dead: among the newest 10000 of all. newest:
--             the id of the newest.
-- Tables      task_end, task, requirement: read.
create or replace function dead_by_handler()
returns table (handler text, dead integer, newest bigint)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    select r.handler, count(*)::integer, max(e.task)
      from (select n.task
              from task_end n
             where n.outcome = 'dead'
             order by n.task desc
             limit 10000) as e
     cross join lateral (select t.requirement from task t where t.id = e.task limit 1) as t
      join requirement r on r.id = t.requirement
     group by r.handler;
$$;
