-- step_payload: what a step of a run gets: what the step before it gave; of several {name: what it
-- gave}; where there is none, the run's payload. Internal: begin_step(), undo_payloads(),
-- wake_steps().
--
-- Arguments   r: the run. s: the step.
-- Tables      workflow_run_step: read.
create or replace function step_payload(r workflow_run, s workflow_step)
returns jsonb
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
begin
    return case cardinality(s.after)
        when 0 then r.payload::jsonb
        when 1 then (select o.result from workflow_run_step o
                      where o.run = r.id and o.step = s.after[1])
        else (select pg_catalog.jsonb_object_agg(o.step, o.result) from workflow_run_step o
               where o.run = r.id and o.step = any (s.after)) end;
end;
$$;
