-- task_is_open: whether a task has not ended. Internal: fire_slot(), schedules().
--
-- Arguments   task: which; null, or one that is not known any more: it has.
-- Tables      task, task_end: read.
create or replace function task_is_open(task bigint)
returns boolean
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
begin
    return exists (select from task t where t.id = task_is_open.task)
       and not exists (select from task_end e where e.task = task_is_open.task);
end;
$$;
