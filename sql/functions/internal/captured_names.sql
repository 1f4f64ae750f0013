-- captured_names: the columns of a table. Internal: capture_table().
create or replace function captured_names(relation oid)
returns text[]
language sql
stable
set search_path from current
as $$
    select array(select a.attname::text from pg_attribute a
                  where a.attrelid = captured_names.relation and a.attnum > 0
                    and not a.attisdropped
                  order by a.attnum);
$$;
