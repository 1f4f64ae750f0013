-- readable: a JSON value, or a JSON text that says why it cannot be read. Internal: dead_events(),
-- step_details(), task_details(), workflow_details().
--
-- Arguments  value: a payload or meta.
create or replace function readable(value jsonb)
returns jsonb
language plpgsql
stable
strict
set search_path from current
as $$
declare
    fault text;
begin
    fault := print_fault(readable.value, 16777216::bigint);
    if fault is null then
        perform octet_length(readable.value::text);
    end if;
    return coalesce(pg_catalog.to_jsonb('cannot be read: ' || fault), readable.value);
exception when others then
    return pg_catalog.to_jsonb(
        pg_catalog.format('cannot be read: %s (SQLSTATE %s)', sqlerrm, sqlstate));
end;
$$;
