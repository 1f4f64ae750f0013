-- view_at_query: the statement that reads a view of task sets as it was at a position of the log.
-- For `baton view --at`; as view_query().
--
-- Arguments   view: its name. at: a position.
-- Returns     query, columns: see view_query(). Null where it is no view of task sets.
-- Tables      task_set_view: read. What the query reads: see view_rows_at().
-- Access: observe, orchestrate
create or replace function view_at_query(view text, at bigint, out query text, out columns jsonb)
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    if not exists (select from task_set_view v where v.view = view_at_query.view) then
        return;
    end if;
    select q.columns into columns from view_query(view_at_query.view) as q;
    query := rows_query(pg_catalog.format(
        '(select x.* from %I.view_rows_at(%L, %s) as r '
        'cross join lateral pg_catalog.jsonb_to_record(r) as x(%s)) as s',
        current_schema(), view_at_query.view, view_at_query.at,
        (select string_agg(pg_catalog.format('%I %s', c ->> 'name', (c ->> 'type')::regtype), ', '
                           order by n)
           from jsonb_array_elements(columns) with ordinality as e (c, n))), columns);
end;
$$;
