-- effect_fault: what is wrong with an effect, as far as it shows by itself. Internal:
-- refuse_effects().
--
-- Arguments   effect: see write_effects().
-- Returns     a clause; null if it is as it must be.
create or replace function effect_fault(effect jsonb)
returns text
language plpgsql
stable
set search_path from current
as $$
declare
    made effect;
    kinds integer;
begin
    begin
        made := pg_catalog.jsonb_populate_record(null::effect, effect_fault.effect);
    exception when data_exception then
        return sqlerrm;
    end;
    kinds := pg_catalog.num_nonnulls(made.task, made.event, made.open_task_set,
                                     made.touch_task_set);
    return case
        when made.event_id is null
            then 'its cause is the position of no event that the reducer was given'
        when kinds <> 1
            then pg_catalog.format('it must name one of task, event, open_task_set and '
                                   'touch_task_set, and names %s', kinds)
        when coalesce(made.open_task_set, made.touch_task_set) is not null and made.key is null
            then 'a task set needs a key'
        when made.task is not null and made.key is not null
            then 'a task has no key; is it the lane, or the unique_key?'
        when pg_catalog.jsonb_typeof(made.meta) <> 'object'
            then 'its meta is no JSON object'
    end;
end;
$$;
