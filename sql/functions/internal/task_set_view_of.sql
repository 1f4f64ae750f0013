-- task_set_view_of: the view and its columns that a handler names for the rows of its task sets.
-- Internal: carry_handlers().
--
-- Arguments   handler: {"name": ..., "view": "year_report", "columns": [{"name": "month", "type":
--             "text", "nullable": false, "key": true}, ...]}.
-- Returns     view: null where it names none. columns: with just these members.
-- Raises      BT042 they are not as they must be.
create or replace function task_set_view_of(handler jsonb, out view text, out columns jsonb)
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    named constant text := pg_catalog.left(task_set_view_of.handler ->> 'name', 128);
    unfit text;
begin
    view := task_set_view_of.handler ->> 'view';
    if view is null then
        return;
    end if;
    if view !~ '^[a-z_][a-z0-9_]{0,49}$' or view ~ '__v[0-9]' then
        raise exception 'handler %: view % is no name for one: up to 50 small letters, digits and '
            '_, and no __v with a number', named, pg_catalog.quote_literal(left(view, 80))
            using errcode = 'BT042';
    end if;
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'name', c ->> 'name', 'type', c ->> 'type',
               'nullable', coalesce((c ->> 'nullable')::boolean, false),
               'key', coalesce((c ->> 'key')::boolean, false)) order by n)
      into columns
      from jsonb_array_elements(case jsonb_typeof(task_set_view_of.handler -> 'columns')
                                when 'array' then task_set_view_of.handler -> 'columns'
                                else '[]' end) with ordinality as e (c, n);
    select coalesce(c ->> 'name', 'null') into unfit
      from jsonb_array_elements(columns) as e (c)
     where octet_length(c ->> 'name') between 1 and 63 is not true
        or c ->> 'name' in ('task_set', 'member', 'position')
        or c ->> 'type' in ('text', 'bigint', 'integer', 'double precision', 'boolean', 'numeric',
                            'date', 'timestamptz', 'uuid', 'jsonb') is not true;
    if found or columns is null
       or not exists (select from jsonb_array_elements(columns) as e (c)
                       where (c ->> 'key')::boolean)
       or (select count(distinct c ->> 'name') <> count(*)
             from jsonb_array_elements(columns) as e (c)) then
        raise exception 'handler %: the columns of view % are not as they must be%: each has a '
            'name (not task_set, member or position) and a type, as {"name": "month", "type": '
            '"text", "key": true}; one at least is the key',
            named, view, coalesce(', see ' || unfit, '')
            using errcode = 'BT042';
    end if;
exception when invalid_text_representation then
    raise exception 'handler %: "nullable" and "key" of a column are true or false', named
        using errcode = 'BT042';
end;
$$;
