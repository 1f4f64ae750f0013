-- task_id_value: the highest task id that was drawn so far, committed or not; 0 for none. Internal;
-- see event_id_value().
create or replace function task_id_value()
returns bigint
language sql
volatile
set search_path from current
as $$
    select coalesce(pg_catalog.pg_sequence_last_value(
                        pg_get_serial_sequence('task', 'id')::regclass), 0);
$$;
