-- advance_steps: tasks are done; where they are steps of runs, what comes next is begun. Internal:
-- call_back() and complete_many(), which have locked the runs.
--
-- Arguments   tasks: which; null for none.
-- Tables      workflow_task: read. See step_task_done().
create or replace function advance_steps(tasks bigint[])
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    w workflow_task;
begin
    for w in
        select t.* from workflow_task t where t.task = any (advance_steps.tasks)
         order by t.run, t.task
    loop
        perform step_task_done(w);
    end loop;
end;
$$;
