-- rows_query: the statement that reads a view's rows in the order of their key. Internal.
--
-- Arguments   source: the table or view, quoted.
--             columns: [{"name", "type", "nullable", "key"}, ...].
create or replace function rows_query(source text, columns jsonb)
returns text
language sql
immutable
set search_path from current
as $$
    select pg_catalog.format('select %s from %s order by %s',
        string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' order by n), rows_query.source,
        string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' order by n)
            filter (where (c ->> 'key')::boolean))
      from jsonb_array_elements(rows_query.columns) with ordinality as e (c, n);
$$;
