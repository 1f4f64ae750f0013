-- columns_now: capture.columns for a table as it is now: each field with what its column is called
-- now, and the columns that came since, where their names are no field's. Internal:
-- refresh_capture().
create or replace function columns_now(capture bigint, relation oid)
returns jsonb
language sql
stable
set search_path from current
as $$
    select pg_catalog.jsonb_agg(c.item order by c.kind, c.place)
      from (select 1 as kind, c.place,
                   pg_catalog.jsonb_build_object(
                       'field', c.field, 'name', coalesce(c.column_name, c.former_name),
                       'number', a.attnum,
                       'type', coalesce(pg_catalog.format_type(c.type_id, null), c.former_type))
                       as item
              from capture_columns(columns_now.capture, columns_now.relation) as c
              left join pg_attribute a
                on a.attrelid = columns_now.relation and a.attname::text = c.column_name
             union all
            select 2, m.place, m.item
              from pg_catalog.jsonb_array_elements(captured_columns(columns_now.relation))
                   with ordinality as m (item, place)
             where not exists (
                select from capture_columns(columns_now.capture, columns_now.relation) as c
                 where m.item ->> 'name' in (c.field, c.column_name))) as c;
$$;
