-- cancel_workflow: a run of a workflow goes on no more. Its tasks that have not ended are
-- cancelled: see cancel(). With `compensate` what was done is undone first, in reverse order.
--
-- Of this and a completion that commit at the same moment the first has happened, and the other
-- one sees it.
--
-- Arguments   run: of start_workflow(). compensate: undo what was done. reason: for people to read;
--             what is over 1000 characters is cut.
-- Returns     what it is now: cancelled; compensating, and then it will be; done or compensated, if
--             it was that before: then nothing was changed.
-- Raises      BT065, BT006 see require_run(). BT066 it is compensating already: what is being
--             undone is undone.
-- Locks       the run, and the claims of its tasks: see cancel().
-- Tables      workflow_run: update. See stop_steps(), undo_run().
-- Access: dispatch, orchestrate
create or replace function cancel_workflow(
    run bigint, compensate boolean default false, reason text default null)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    r   workflow_run := require_run(cancel_workflow.run, 'cancel_workflow');
    why text := 'cancelled by ' || session_user::text
                || coalesce(': ' || pg_catalog.left(cancel_workflow.reason, 1000), ''::text);
begin
    if r.state in ('done', 'compensated', 'cancelled') then
        return r.state;
    elsif r.state = 'compensating' then
        perform refuse_run(r, 'cancelled: what is being undone is undone to its end');
    end if;
    perform stop_steps(r.id, null::text[], why);
    if cancel_workflow.compensate and undo_run(r.id, 'cancelled', why) then
        return (select n.state from workflow_run n where n.id = r.id);
    end if;
    update workflow_run n
       set state = 'cancelled', reason = why, ended_at = clock_timestamp(), paused_at = null
     where n.id = r.id;
    return 'cancelled';
end;
$$;
