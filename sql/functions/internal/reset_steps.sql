-- reset_steps: steps of a run are as if they had never begun, in a new round. Internal:
-- move_workflow(), restart_workflow(). The caller has locked the run.
--
-- Arguments   run: which. steps: which; null: none. reason: for people to read, at the tasks that
--             are cancelled.
-- Tables      workflow_run: update. workflow_run_step: delete. See stop_steps().
create or replace function reset_steps(run bigint, steps text[], reason text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    perform stop_steps(reset_steps.run, reset_steps.steps, reset_steps.reason);
    delete from workflow_run_step o
     where o.run = reset_steps.run and o.step = any (reset_steps.steps);
    update workflow_run r
       set round = r.round + 1, state = 'running', outcome = null, ended_at = null, result = null,
           reason = null
     where r.id = reset_steps.run;
end;
$$;
