-- view_query: the statement that reads a view in the order of its key. For `baton view`.
--
-- Arguments   view: its public name; of a reducer, or of task sets.
-- Returns     query: selects every column, ordered by the key. columns: what it selects, in order:
--             [{"name", "type", "nullable", "key"}, ...].
-- Raises      BT023 there is no such view; the message names those that there are.
-- Tables      view_state, reducer_version, task_set_view: read.
-- Access: observe, orchestrate
create or replace function view_query(view text, out query text, out columns jsonb)
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    select r.columns into view_query.columns
      from view_state s
      join reducer_version r on r.name = s.view and r.version = s.version
     where s.view = view_query.view;
    if not found then
        select t.columns into view_query.columns
          from task_set_view t where t.view = view_query.view order by t.version desc limit 1;
    end if;
    if not found then
        raise exception 'there is no view %; there % %', left(view_query.view, 80),
            case when exists (select from view_state) then 'are' else 'is' end,
            coalesce((select string_agg(n.view, ', ' order by n.view)
                        from (select s.view from view_state s
                               union select t.view from task_set_view t) as n), 'none')
            using errcode = 'BT023';
    end if;
    view_query.query := rows_query(
        pg_catalog.format('%I.%I', current_schema(), view_query.view), view_query.columns);
end;
$$;
