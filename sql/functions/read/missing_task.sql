-- missing_task: raise why a task that somebody asks for is not there.
--
-- Arguments   task: of enqueue().
-- Raises      BT042, BT050: see task_absence().
-- Access: dispatch, node, observe, orchestrate
create or replace function missing_task(task bigint)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    absence record;
begin
    select a.code, a.message into absence from task_absence(missing_task.task) as a;
    raise exception '%', absence.message using errcode = absence.code;
end;
$$;
