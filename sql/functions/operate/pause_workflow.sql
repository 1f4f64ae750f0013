-- pause_workflow: no step of a run begins any more, until resume_workflow(). The tasks that it has
-- go on, and what they give is kept; sleeps and deadlines end as ever. What is being undone is
-- undone.
--
-- Arguments   run: of start_workflow(). reason: for people to read.
-- Returns     true; false where it was paused already, and then since when and by whom stays.
-- Raises      BT065, BT006 see require_run(). BT066 it has ended.
-- Locks       the run.
-- Tables      workflow_run: update.
-- Access: orchestrate
create or replace function pause_workflow(run bigint, reason text default null)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    r workflow_run := require_run(pause_workflow.run, 'pause_workflow');
begin
    if r.state not in ('running', 'failed') then
        perform refuse_run(r, 'paused: only one that runs can be');
    end if;
    if r.paused_at is not null then
        return false;
    end if;
    update workflow_run n
       set paused_at = clock_timestamp(), paused_by = session_user,
           pause_reason = pg_catalog.left(pause_workflow.reason, 1000)
     where n.id = r.id;
    return true;
end;
$$;
