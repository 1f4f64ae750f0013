-- ready_due: make the tasks ready whose time has come, the earliest first; of one that follows
-- another, once that has ended. Internal: maintain().
--
-- Arguments   at_most: how many.
-- Returns     how many there were.
-- Locks       them; it passes by those that somebody is moving.
-- Tables      task_due: delete. task_end: read. task_ready: see bring_back().
create or replace function ready_due(at_most integer)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    tasks      bigint[];
    attempts   integer[];
    deliveries integer[];
begin
    with due as (
        delete from task_due
         where ctid = any (array(
            select d.ctid from task_due d
             where d.due_at <= (select clock_timestamp())
               and (d.follows is null
                    or exists (select from task_end e where e.task = d.follows))
             order by d.due_at, d.task
             limit ready_due.at_most
               for update skip locked))
        returning task_due.*
    )
    select pg_catalog.array_agg(d.task order by d.due_at, d.task),
           pg_catalog.array_agg(d.attempts::integer order by d.due_at, d.task),
           pg_catalog.array_agg(d.deliveries::integer order by d.due_at, d.task)
      into tasks, attempts, deliveries
      from due d;
    return bring_back(tasks, attempts, deliveries);
end;
$$;
