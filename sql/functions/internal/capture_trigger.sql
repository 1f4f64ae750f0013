-- capture_trigger: what a trigger of a capture is called. Internal: make_capture(),
-- capture_faults().
--
-- Several environments can capture one table, so it says which one it is of.
create or replace function capture_trigger(capture bigint, operation text)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format('%s_capture_%s_%s', pg_catalog.left(current_schema()::text, 30),
                             capture_trigger.capture, capture_trigger.operation);
$$;
