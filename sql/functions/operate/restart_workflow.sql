-- restart_workflow: a run goes on from this step, as if that and all that come after it had never
-- begun; what they did before is not undone by that. Whatever the run's state is, also done.
--
-- Arguments   run: of start_workflow(). step: which; what stands before it has to be done. Null:
--             all of them, from the first on.
-- Returns     what it is now: running, or what came of steps that end at once.
-- Raises      BT065 there is no such run or step. BT066 what stands before it is not done, or the
--             run is being undone. BT006 see require_run().
-- Locks       the run, and the claims of its tasks: see cancel().
-- Notifies    nodes that sleep.
-- Tables      workflow_run, workflow_run_step: read. See reset_steps(), go_on().
-- Access: orchestrate
create or replace function restart_workflow(run bigint, step text default null)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    r workflow_run := require_run(restart_workflow.run, 'restart_workflow');
begin
    if r.state = 'compensating' then
        perform refuse_run(r, 'restarted until that has ended');
    end if;
    if restart_workflow.step is not null then
        perform require_done_before(r, r.digest, restart_workflow.step, 'restarted');
    end if;
    perform reset_steps(
        r.id, case when restart_workflow.step is not null
                   then steps_from(r.digest, restart_workflow.step)
                   else array(select o.step from workflow_run_step o where o.run = r.id) end,
        'the run was restarted by ' || session_user::text);
    perform go_on(r.id);
    return (select n.state from workflow_run n where n.id = r.id);
end;
$$;
