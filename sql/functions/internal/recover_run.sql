-- recover_run: a run that had failed runs again, where none of its steps has failed any more.
-- Internal: end_step(), retry_workflow(), settle_note(). The caller has locked the run.
--
-- Arguments   run: which.
-- Tables      workflow_run: update. workflow_run_step: read.
create or replace function recover_run(run bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    update workflow_run w
       set state = 'running', reason = null, ended_at = null
     where w.id = recover_run.run and w.state = 'failed'
       and not exists (select from workflow_run_step o
                        where o.run = w.id and o.state in ('failed', 'cancelled'));
end;
$$;
