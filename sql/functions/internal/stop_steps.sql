-- stop_steps: steps of a run that have not ended do, and their tasks are cancelled. Internal:
-- cancel_workflow(), fail_step(), forget_workflow_runs(), reset_steps(). The caller has locked the
-- run.
--
-- Arguments   run: which. steps: only these; null: all. reason: for people to read.
-- Locks       the tasks' claims: see cancel().
-- Tables      workflow_run_step: update. workflow_task, task_end: read. See cancel().
create or replace function stop_steps(run bigint, steps text[], reason text)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    unended bigint;
begin
    for unended in
        select w.task
          from workflow_run_step o
          join workflow_task w on w.run = o.run and w.step = o.step and w.round = o.round
         where o.run = stop_steps.run and o.state in ('running', 'failed', 'compensating')
           and (stop_steps.steps is null or o.step = any (stop_steps.steps))
           and not exists (select from task_end e where e.task = w.task)
         order by w.task
    loop
        perform cancel(unended, stop_steps.reason);
    end loop;
    update workflow_run_step o
       set state = 'cancelled', ended_at = clock_timestamp(), due_at = null, event = null,
           is_new = false
     where o.run = stop_steps.run and o.state = 'running'
       and (stop_steps.steps is null or o.step = any (stop_steps.steps));
end;
$$;
