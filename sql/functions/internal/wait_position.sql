-- wait_position: after which position of the log a step of a run waits for an event. Internal:
-- begin_step().
--
-- One event is taken by one step of a run.
--
-- Arguments   r: the run. s: the step.
-- Returns     null where it waits for none.
-- Tables      workflow_run_step, workflow_step: read.
create or replace function wait_position(r workflow_run, s workflow_step)
returns bigint
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
begin
    if s.event is null then
        return null;
    end if;
    return greatest(
        case s.since when 'run' then r.start_position else log_end() end,
        (select max(o.event_position)
           from workflow_run_step o
           join workflow_step d on d.digest = r.digest and d.step = o.step
          where o.run = r.id and d.event = s.event
            and d.key_of is not distinct from s.key_of));
end;
$$;
