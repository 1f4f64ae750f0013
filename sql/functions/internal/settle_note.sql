-- settle_note: what becomes of a run, of which a task was not done, or came back. Internal:
-- maintain_workflows().
--
-- Arguments   task: of a step.
-- Raises      55P03 somebody has the run.
-- Locks       the run.
-- Tables      workflow_run: lock. workflow_task, workflow_run_step, task_end, task_failure: read.
--             workflow_run_step: update. See fail_step(), recover_run(), go_on().
create or replace function settle_note(task bigint)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    w    workflow_task;
    o    workflow_run_step;
    lost record;
begin
    select t.* into w from workflow_task t where t.task = settle_note.task;
    perform from workflow_run r where r.id = w.run for no key update nowait;
    if not found or w.is_undo then
        return;
    end if;
    select s.* into o from workflow_run_step s
     where s.run = w.run and s.step = w.step and s.round = w.round;
    select e.task, e.outcome, e.reason into lost
      from workflow_task t join task_end e on e.task = t.task and e.outcome <> 'done'
     where t.run = w.run and t.step = w.step and t.round = w.round and not t.is_undo
     order by t.task limit 1;
    if o.state = 'running' and lost.task is not null then
        perform fail_step(w.run, w.step, case lost.outcome when 'dead' then coalesce(
            (select f.error from task_failure f where f.task = lost.task
              order by f.failed_at desc limit 1), 'its task is dead')
            else pg_catalog.format('task %s was %s', lost.task, lost.reason) end);
    elsif o.state = 'failed' and lost.task is null then
        update workflow_run_step s
           set state = 'running', ended_at = null, error = null
         where s.run = w.run and s.step = w.step;
        perform recover_run(w.run);
        perform go_on(w.run);
    end if;
end;
$$;
