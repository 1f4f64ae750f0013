-- begin_step: a step of a run begins: its tasks are made, or it sleeps, or waits for an event.
-- Internal: go_on(). The caller has locked the run.
--
-- Arguments   r: the run. s: the step.
-- Returns     whether it has ended already: it has nothing to do, or cannot be done.
-- Tables      workflow_run_step: insert. Its tasks: see make_steps_tasks(). See end_step(),
--             fail_step().
create or replace function begin_step(r workflow_run, s workflow_step)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    payload jsonb := step_payload(r, s);
    parts   jsonb[];
    key     text;
    fault   text;
begin
    if s.event is not null then
        key := case when s.key_of is null then r.key else r.payload ->> s.key_of end;
        fault := case when octet_length(key) between 1 and 256 then null
                      when s.key_of is null then 'the run has no key, which is the event''s'
                      else pg_catalog.format('the run''s payload has no field %s that can be the '
                               'event''s key', s.key_of) end;
    elsif s.each is not null then
        payload := case when s.each = '' then payload else payload -> s.each end;
        fault := case when pg_catalog.jsonb_typeof(payload) is distinct from 'array'
                      then case s.each when '' then 'its payload is no array'
                                else 'its payload has no array ' || s.each end
                      when pg_catalog.jsonb_array_length(payload) > 10000
                      then pg_catalog.format('its payload''s array has %s elements, and at most '
                               '10000 may be', pg_catalog.jsonb_array_length(payload)) end;
        parts := case when fault is null then array(
            select e.value from pg_catalog.jsonb_array_elements(payload) with ordinality as e
             order by e.ordinality) end;
    elsif s.handler is not null then
        parts := array[payload];
        -- What a task's payload may be its domain says, but this is no time to raise.
        fault := case when pg_catalog.pg_column_size(payload) > 10000
                           and unfit_payload(payload, 1048576)
                      then 'its payload is larger, or nested deeper, than a task''s can be' end;
    end if;
    insert into workflow_run_step (
        run, step, round, due_at, event, event_key, after_position, is_new)
    values (r.id, s.step, r.round,
            case when fault is null then clock_timestamp() + coalesce(s.sleep, s.deadline) end,
            case when fault is null then s.event end, key, wait_position(r, s),
            fault is null and s.event is not null);
    if fault is not null then
        perform fail_step(r.id, s.step, fault);
        return true;
    elsif parts = '{}' then
        perform end_step(r.id, s.step, '[]', false);
        return true;
    elsif parts is not null then
        perform make_step_tasks(r, s.step, s.handler, s.version, s.labels, parts, false);
    end if;
    return false;
end;
$$;
