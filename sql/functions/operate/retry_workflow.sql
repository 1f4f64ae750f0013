-- retry_workflow: a run that failed goes on from the steps that failed: their tasks that are dead
-- or cancelled wait again, and those that were done stay done. Of one that is being undone, and
-- whose undoing is dead, that waits again.
--
-- Arguments   run: of start_workflow().
-- Returns     what it is now: running, or compensating.
-- Raises      BT065, BT006 see require_run(). BT066 it has not failed.
-- Locks       the run, and its tasks: see retry_task().
-- Notifies    nodes that sleep.
-- Tables      workflow_run, workflow_task, task_end: read. workflow_run_step: read, update, delete.
--             See retry_task(), recover_run(), go_on().
-- Access: orchestrate
create or replace function retry_workflow(run bigint)
returns text
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    r    workflow_run := require_run(retry_workflow.run, 'retry_workflow');
    back constant bigint[] := array(
        select w.task
          from workflow_run_step o
          join workflow_task w on w.run = o.run and w.step = o.step
          join task_end e on e.task = w.task and e.outcome <> 'done'
         where o.run = r.id
           and case when w.is_undo then o.state = 'compensating' and w.round = r.round
                    else r.state = 'failed' and o.state in ('failed', 'cancelled')
                         and w.round = o.round end
         order by w.task);
begin
    if r.state not in ('failed', 'compensating') or r.state = 'compensating' and back = '{}' then
        perform refuse_run(r, 'retried: nothing of it has failed');
    end if;
    -- Those that never had a task begin anew; the others are as they were.
    delete from workflow_run_step o
     where o.run = r.id and r.state = 'failed' and o.state in ('failed', 'cancelled')
       and not exists (select from workflow_task w
                        where w.run = o.run and w.step = o.step and w.round = o.round);
    update workflow_run_step o
       set state = 'running', ended_at = null, error = null
     where o.run = r.id and r.state = 'failed' and o.state in ('failed', 'cancelled');
    perform recover_run(r.id);
    perform retry_task(b.task) from pg_catalog.unnest(back) as b (task);
    perform go_on(r.id);
    return (select n.state from workflow_run n where n.id = r.id);
end;
$$;
