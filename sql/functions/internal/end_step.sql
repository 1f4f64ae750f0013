-- end_step: a step of a run is done. Internal: begin_step(), deliver_event(), step_task_done(),
-- wake_steps(). The caller has locked the run.
--
-- Arguments   run, step: which. result: what it gave. goes_on: begin what comes next; else the
--             caller does.
-- Tables      workflow_run_step: update. See recover_run(), go_on().
create or replace function end_step(run bigint, step text, result jsonb, goes_on boolean)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    former text;
begin
    select o.state into former from workflow_run_step o
     where o.run = end_step.run and o.step = end_step.step;
    update workflow_run_step o
       set state = 'done', ended_at = clock_timestamp(), result = coalesce(end_step.result, 'null'),
           place = pg_catalog.nextval('workflow_order'), error = null, due_at = null, event = null,
           is_new = false
     where o.run = end_step.run and o.step = end_step.step;
    if former = 'failed' then
        perform recover_run(end_step.run);
    end if;
    if end_step.goes_on then
        perform go_on(end_step.run);
    end if;
end;
$$;
