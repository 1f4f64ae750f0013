-- undo_payloads: what the tasks get that undo a step of a run: {"payload": what the step's task
-- got, "result": what it gave}. Internal: undo_next().
--
-- Where both together are more than a task can get, the payload is left out, and then the result.
--
-- Arguments   r: the run. s: the step.
-- Tables      workflow_run_step, workflow_task, task: read.
create or replace function undo_payloads(r workflow_run, s workflow_step)
returns jsonb[]
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    o workflow_run_step;
begin
    select n.* into strict o from workflow_run_step n where n.run = r.id and n.step = s.step;
    if s.each is null then
        return array[undo_payload(step_payload(r, s), o.result)];
    end if;
    return array(
        select undo_payload(t.payload::jsonb, w.result)
          from workflow_task w
          left join task t on t.id = w.task
         where w.run = r.id and w.step = s.step and w.round = o.round and not w.is_undo
           and w.is_done
         order by w.ordinal desc);
end;
$$;
