-- fail_step: a step of a run cannot be done. Then the run has failed; or, where the workflow says
-- so and there is something to undo, what was done is undone. Internal: begin_step(),
-- settle_note(), step_task_done(), wake_steps(). The caller has locked the run.
--
-- Arguments   run, step: which. error: why.
-- Tables      workflow_run_step, workflow_run: update. workflow_definition: read. See undo_run().
create or replace function fail_step(run bigint, step text, error text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    why constant text := pg_catalog.format('step %s failed: %s', fail_step.step,
                                           pg_catalog.left(fail_step.error, 1000));
    undoes boolean;
begin
    update workflow_run_step o
       set state = 'failed', ended_at = clock_timestamp(), due_at = null, event = null,
           is_new = false, error = pg_catalog.left(fail_step.error, 16384)
     where o.run = fail_step.run and o.step = fail_step.step;
    select d.on_failure = 'compensate' into strict undoes
      from workflow_run r join workflow_definition d on d.digest = r.digest
     where r.id = fail_step.run;
    if undoes then
        perform stop_steps(fail_step.run, null::text[], why);
        if undo_run(fail_step.run, 'compensated', why) then
            return;
        end if;
    end if;
    update workflow_run r
       set state = 'failed', reason = why, ended_at = clock_timestamp()
     where r.id = fail_step.run;
end;
$$;
