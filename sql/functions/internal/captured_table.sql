-- captured_table: the table of a capture now: the one that it was made for, whatever that is called
-- by now; where a dump was restored, the one of its name, which has other oids.
--
-- Returns     pg_class.oid; null where no such table has a trigger of the capture: it was dropped.
-- Tables      capture: read.
create or replace function captured_table(capture bigint)
returns oid
language sql
stable
set search_path from current
as $$
    select coalesce(
        (select t.tgrelid from pg_trigger t
          where t.tgfoid = capture_function(k.id) and t.tgrelid = k.table_id limit 1),
        (select t.tgrelid from pg_trigger t
          where t.tgfoid = capture_function(k.id)
            and t.tgrelid = to_regclass(pg_catalog.format('%I.%I', k.table_schema, k.table_name))
          limit 1))
      from capture k
     where k.id = captured_table.capture;
$$;
