-- workflow_interval: how long a step of a workflow takes, or waits. Internal: workflow_step_of().
--
-- Arguments   told: as it was told; null for none. step, field: whose, for the error.
-- Raises      BT064 it is no time, or none from 0 to 10 years.
create or replace function workflow_interval(told text, step text, field text)
returns interval
language plpgsql
stable
set search_path from current
as $$
declare
    value interval;
begin
    begin
        value := workflow_interval.told::interval;
    exception when data_exception then
        value := interval '-1 day';
    end;
    if value not between interval '0' and interval '10 years' then
        perform refuse_workflow(pg_catalog.format(
            'the %s of step %s is %s; it has to be a time from 0 to 10 years, as ''2 hours''',
            workflow_interval.field, workflow_interval.step,
            pg_catalog.quote_literal(pg_catalog.left(workflow_interval.told, 40))));
    end if;
    return value;
end;
$$;
