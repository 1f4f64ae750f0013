-- is_past_step: whether a task is of a run's step that is not waited for any more: what it would do
-- nobody would go on with, or undo. Internal: may_return(), why_ended().
--
-- Arguments   task: which. Where its run is forgotten, so is that it was a step; but what is pinned
--             to a build, and no member of a task set, was one.
-- Tables      workflow_task, workflow_run, workflow_run_step, task, requirement, task_set_member:
--             read.
-- Cost        where no workflow was ever defined, of reading a sequence.
create or replace function is_past_step(task bigint)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    if pg_catalog.pg_sequence_last_value('workflow_bell') is null then
        return false;
    end if;
    if not exists (select from workflow_task w where w.task = is_past_step.task) then
        return exists (
            select from task t
              join requirement n on n.id = t.requirement
             where t.id = is_past_step.task and n.build is not null
               and not exists (select from task_set_member m where m.task = t.id));
    end if;
    return exists (
        select from workflow_task w
          left join workflow_run r on r.id = w.run
          left join workflow_run_step o
            on o.run = w.run and o.step = w.step and (o.round = w.round or w.is_undo)
         where w.task = is_past_step.task
           and case when w.is_undo
                    then o.state = 'compensating' and w.round = r.round
                    else o.state in ('running', 'failed') and r.state in ('running', 'failed') end
               is not true);
end;
$$;
