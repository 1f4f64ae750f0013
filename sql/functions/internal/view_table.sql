-- view_table: what follows CREATE TABLE <name> for a view's table. Internal; the one place that
-- says what such a table looks like.
--
-- Arguments   columns: [{"name", "type", "nullable", "key"}, ...] in order.
-- Returns     the columns, position, which is that of the event that last touched the row, and the
--             key.
-- Access: orchestrate
create or replace function view_table(columns jsonb)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format(
        '(%s, position bigint not null, primary key (%s)) with (fillfactor = 80)',
        (select string_agg(
                    pg_catalog.format('%I %s%s', c ->> 'name', (c ->> 'type')::regtype,
                           case when (c ->> 'nullable')::boolean then '' else ' not null' end),
                    ', ' order by n)
           from jsonb_array_elements(view_table.columns) with ordinality as e (c, n)),
        (select string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' order by n)
           from jsonb_array_elements(view_table.columns) with ordinality as e (c, n)
          where (c ->> 'key')::boolean));
$$;
