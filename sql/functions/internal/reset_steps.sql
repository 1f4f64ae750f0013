-- reset_steps: steps of a run are as if they had never begun, in a new round; so are those that
-- failed, were cancelled or undone, and what comes after these. Internal:
-- move_workflow(), restart_workflow(). The caller has locked the run.
--
-- Arguments   run: which. steps: which; null: none. reason: for people to read, at the tasks that
--             are cancelled.
-- Tables      workflow_run: read, update. workflow_run_step: read, delete. See stop_steps(),
--             steps_from().
create or replace function reset_steps(run bigint, steps text[], reason text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    -- What failed, was cancelled or undone elsewhere has to be done, too, before the run can be.
    anew constant text[] := reset_steps.steps || array(
        select l.step
          from workflow_run r
          join workflow_run_step o
            on o.run = r.id and o.state in ('failed', 'cancelled', 'compensated')
         cross join lateral pg_catalog.unnest(steps_from(r.digest, o.step)) as l (step)
         where r.id = reset_steps.run);
begin
    perform stop_steps(reset_steps.run, anew, reset_steps.reason);
    delete from workflow_run_step o
     where o.run = reset_steps.run and o.step = any (anew);
    update workflow_run r
       set round = r.round + 1, state = 'running', outcome = null, ended_at = null, result = null,
           reason = null
     where r.id = reset_steps.run;
end;
$$;
