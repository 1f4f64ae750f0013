-- ended_task: how a task has ended, or that it is not there; no row where it has not ended.
-- Internal: watch_tasks().
--
-- Arguments   wanted: which.
-- Returns     see watch_tasks().
-- Tables      task, task_end, task_failure: read.
create or replace function ended_task(wanted bigint)
returns table (task bigint, state text, result jsonb, error text, code text)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    return query
        select e.task, e.outcome::text, e.result::jsonb,
               coalesce(nullif(e.reason, ''),
                        (select f.error from task_failure f
                          where f.task = e.task order by f.failed_at desc limit 1)),
               null::text
          from task_end e where e.task = ended_task.wanted;
    if not found and not exists (select from task t where t.id = ended_task.wanted) then
        return query
            select ended_task.wanted, null::text, null::jsonb, a.message, a.code
              from task_absence(ended_task.wanted) as a;
    end if;
end;
$$;
