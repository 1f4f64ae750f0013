-- step_task_done: a task of a step of a run is done, or one that undoes it. Where it is the last of
-- them, so is the step. Internal: advance_steps().
--
-- Arguments   w: the task.
-- Tables      workflow_task: read, update. workflow_run_step: read, update. workflow_step,
--             workflow_run, task_end: read. See end_step(), fail_step(), undo_next().
create or replace function step_task_done(w workflow_task)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    r       workflow_run;
    o       workflow_run_step;
    gave    jsonb;
    is_many boolean;
begin
    select n.* into r from workflow_run n where n.id = w.run;
    select s.* into o from workflow_run_step s where s.run = w.run and s.step = w.step;
    if (w.is_undo and o.state = 'compensating' and w.round = r.round
        or not w.is_undo and o.state in ('running', 'failed') and w.round = o.round
           and r.state in ('running', 'failed')) is not true
    then
        return;
    end if;
    select e.result::jsonb into gave from task_end e where e.task = w.task;
    is_many := (select d.each is not null from workflow_step d
                 where d.digest = r.digest and d.step = w.step);
    if is_many or w.is_undo then
        update workflow_task t set is_done = true, result = gave where t.task = w.task;
        if exists (select from workflow_task t
                    where t.run = w.run and t.step = w.step and t.round = w.round
                      and t.is_undo = w.is_undo and not t.is_done) then
            return;
        end if;
    end if;
    if w.is_undo then
        update workflow_run_step s
           set state = 'compensated', ended_at = clock_timestamp()
         where s.run = w.run and s.step = w.step;
        perform undo_next(w.run);
        return;
    end if;
    if not is_many then
        perform end_step(w.run, w.step, gave, true);
        return;
    end if;
    begin
        select pg_catalog.jsonb_agg(t.result order by t.ordinal) into gave
          from workflow_task t
         where t.run = w.run and t.step = w.step and t.round = w.round and not t.is_undo;
        perform end_step(w.run, w.step, gave, true);
    exception when program_limit_exceeded then
        -- The task is done all the same: whoever did it is not to blame for what others gave.
        perform fail_step(w.run, w.step,
                          'what its tasks gave is larger together than JSON can be: ' || sqlerrm);
    end;
end;
$$;
