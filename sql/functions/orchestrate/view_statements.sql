-- view_statements: the statements with which the orchestrator reads and writes a C++ reducer's
-- view. Internal; the one place where they are put together, every name quoted.
--
-- Arguments   columns: of the view; null: those that are registered.
-- Returns
--   load    $1.. = an array for each key column: the rows that have these keys, all columns.
--   upsert  $1.. = an array for each column, then one for position.
--   remove  $1.. = an array for each key column.
-- Tables    reducer_version: read.
-- Access: orchestrate
create or replace function view_statements(view text, version integer, columns jsonb default null)
returns table (load text, upsert text, remove text)
language plpgsql
stable
set search_path from current
as $$
declare
    target      text := pg_catalog.format('%I', view || '__v' || version::text);
    all_names   text;
    key_names   text;
    all_arrays  text;
    key_arrays  text;
    key_equal   text;
    assignments text;
    column_count bigint;
begin
    with c as (
        select n, pg_catalog.format('%I', e ->> 'name') as name, (e ->> 'type')::regtype as type,
               (e ->> 'key')::boolean as key,
               count(*) filter (where (e ->> 'key')::boolean) over (order by n) as key_number
          from jsonb_array_elements(coalesce(view_statements.columns,
                 (select r.columns from reducer_version r
                   where r.name = view_statements.view and r.version = view_statements.version)
               )) with ordinality as a (e, n)
    )
    select string_agg(name, ', ' order by n),
           string_agg(name, ', ' order by n) filter (where key),
           string_agg(pg_catalog.format('$%s::%s[]', n, type), ', ' order by n),
           string_agg(pg_catalog.format('$%s::%s[]', key_number, type), ', ' order by n)
               filter (where key),
           string_agg(pg_catalog.format('v.%s = k.%s', name, name), ' and ' order by n)
               filter (where key),
           string_agg(pg_catalog.format('%s = excluded.%s, ', name, name), '' order by n)
               filter (where not key),
           count(*)
      into all_names, key_names, all_arrays, key_arrays, key_equal, assignments, column_count
      from c;

    load := pg_catalog.format(
        'select v.%s from unnest(%s) as k (%s) join %s v on %s',
        replace(all_names, ', ', ', v.'), key_arrays, key_names, target, key_equal);
    upsert := pg_catalog.format(
        'insert into %s as v (%s, position) select * from unnest(%s, $%s::bigint[]) '
        'on conflict (%s) do update set %sposition = excluded.position',
        target, all_names, all_arrays, column_count + 1, key_names, coalesce(assignments, ''));
    remove := pg_catalog.format(
        'delete from %s v using unnest(%s) as k (%s) where %s',
        target, key_arrays, key_names, key_equal);
    return next;
end;
$$;
