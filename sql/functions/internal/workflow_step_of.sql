-- workflow_step_of: a step of a workflow as it was told, with all that was left out. Internal:
-- workflow_steps_of().
--
-- Arguments   told: a JSON object, see define_workflow(). ordinal: which, from 0. former: the names
--             of those before it. known: the digest of the definition that the version has; null
--             for none.
-- Raises      BT064 it is not as it must be. BT037 nobody registered a handler that it names. BT042
--             a label. BT001 an event's type.
-- Tables      none of its own: see workflow_handler().
create or replace function workflow_step_of(
    told jsonb, ordinal integer, former text[], known text)
returns workflow_step
language plpgsql
volatile
set search_path from current
as $$
declare
    s    workflow_step;
    kind text;
    undo text;
begin
    perform require_workflow_step(told, workflow_step_of.ordinal, workflow_step_of.former);
    s.ordinal := workflow_step_of.ordinal;
    s.step := coalesce(told ->> 'name', told ->> 'handler',
                       'step ' || (workflow_step_of.ordinal + 1)::text);
    s.after := case when told ? 'after'
                    then array(select a.name
                                 from pg_catalog.jsonb_array_elements_text(told -> 'after')
                                      as a (name) order by a.name collate "C")
                    when workflow_step_of.former = '{}' then '{}'
                    else workflow_step_of.former[cardinality(workflow_step_of.former):] end;
    kind := case when told ? 'handler' then 'handler' when told ? 'sleep' then 'sleep'
                 else 'event' end;
    s.labels := sorted_labels(array(
        select l.label from pg_catalog.jsonb_array_elements_text(
            coalesce(told -> 'labels', '[]')) as l (label)));
    s.since := coalesce(told ->> 'since', 'run');
    s.at_deadline := coalesce(told ->> 'at_deadline', 'fail');
    case kind
        when 'handler' then
            s.handler := told ->> 'handler';
            s.version := workflow_handler(s.handler, (told ->> 'version')::integer, s.step,
                                      workflow_step_of.known);
            s.each := told ->> 'each';
            undo := told ->> 'undo';
            if undo is not null then
                s.undo_handler := undo;
                s.undo_version := workflow_handler(
                    undo, (told ->> 'undo_version')::integer, s.step,
                    workflow_step_of.known);
            end if;
        when 'sleep' then
            s.sleep := workflow_interval(told ->> 'sleep', s.step, 'sleep');
        else
            s.event := (told ->> 'event')::event_type;
            s.key_of := told ->> 'key_of';
            s.deadline := workflow_interval(told ->> 'deadline', s.step, 'deadline');
    end case;
    return s;
end;
$$;
