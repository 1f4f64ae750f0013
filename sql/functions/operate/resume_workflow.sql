-- resume_workflow: a run that was paused goes on: what could have begun meanwhile begins.
--
-- Arguments   run: of start_workflow().
-- Returns     true; false where it was not paused.
-- Raises      BT065, BT006 see require_run().
-- Locks       the run.
-- Notifies    nodes that sleep.
-- Tables      workflow_run: update. See go_on().
-- Access: orchestrate
create or replace function resume_workflow(run bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    r workflow_run := require_run(resume_workflow.run, 'resume_workflow');
begin
    if r.paused_at is null then
        return false;
    end if;
    update workflow_run n
       set paused_at = null, paused_by = null, pause_reason = null
     where n.id = r.id;
    perform go_on(r.id);
    return true;
end;
$$;
