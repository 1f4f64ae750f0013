-- captured_columns: the columns of a table as capture.columns has them. Internal: capture_table(),
-- columns_now().
create or replace function captured_columns(relation oid)
returns jsonb
language sql
stable
set search_path from current
as $$
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'field', a.attname, 'name', a.attname, 'number', a.attnum,
               'type', pg_catalog.format_type(a.atttypid, null)) order by a.attnum)
      from pg_attribute a
     where a.attrelid = captured_columns.relation and a.attnum > 0 and not a.attisdropped;
$$;
