-- make_task_set_view: the table for the rows of a handler version's task sets, and the view that
-- shows those of the published ones. Internal: register_handler(). The caller holds the turn
-- 'registration'.
--
-- Arguments   handler, version: registered ones. view, columns: see task_set_view_of(); null: the
--             version has no view.
-- Raises      BT042 the name is taken, or the version has another view or other columns. BT013 a
--             column has another type than in another version.
-- Creates     table <view>__v<version>; the view: see show_task_set_view().
-- Tables      task_set_view: read, insert.
create or replace function make_task_set_view(
    handler text, version integer, view text, columns jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    table_name text := view || '__v' || version::text;
    known      task_set_view;
    keys       text;
begin
    select v.* into known from task_set_view v
     where v.handler = make_task_set_view.handler and v.version = make_task_set_view.version;
    if known.view is not null or make_task_set_view.view is null then
        if (known.view, known.columns)
           is distinct from (make_task_set_view.view, make_task_set_view.columns) then
            raise exception 'handler %@% is on record with %, and has others now: give it a new '
                'version', make_task_set_view.handler, make_task_set_view.version,
                coalesce('the rows of view ' || known.view, 'no view')
                using errcode = 'BT042';
        end if;
        return;
    end if;
    if exists (select from task_set_view v
                where v.view = make_task_set_view.view and v.handler <> make_task_set_view.handler)
       or to_regclass(pg_catalog.format('%I.%I', current_schema(), table_name)) is not null
       or to_regclass(pg_catalog.format('%I.%I', current_schema(), view)) is not null
          and not exists (select from task_set_view v where v.view = make_task_set_view.view) then
        raise exception 'handler %: the name % is taken in schema %; name its view otherwise',
            make_task_set_view.handler, make_task_set_view.view, current_schema()
            using errcode = 'BT042';
    end if;

    keys := (select string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' order by n)
               from jsonb_array_elements(make_task_set_view.columns) with ordinality as e (c, n)
              where (c ->> 'key')::boolean);
    execute pg_catalog.format(
        'create table %I (task_set bigint not null, member text not null, %s, '
        'primary key (task_set, %s))', table_name,
        (select string_agg(pg_catalog.format(
                    '%I %s%s', c ->> 'name', (c ->> 'type')::regtype,
                    case when (c ->> 'nullable')::boolean then '' else ' not null' end),
                    ', ' order by n)
           from jsonb_array_elements(make_task_set_view.columns) with ordinality as e (c, n)),
        keys);
    execute pg_catalog.format('create index on %I (%s)', table_name, keys);
    execute pg_catalog.format('alter table %I disable row level security', table_name);
    execute pg_catalog.format('revoke all on type %I from public', table_name);
    insert into task_set_view (handler, version, view, columns)
    values (make_task_set_view.handler, make_task_set_view.version, make_task_set_view.view,
            make_task_set_view.columns);
    perform show_task_set_view(make_task_set_view.view);
end;
$$;
