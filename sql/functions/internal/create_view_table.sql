-- create_view_table: the table of one view version, unless it is there. Internal.
--
-- Arguments   columns: [{"name", "type", "nullable", "key"}, ...] in order.
-- Raises      BT013 something else in this schema has the view's name.
-- Creates     table <view>__v<version>, see view_table(); see share_view() for who owns it.
-- Tables      view_state, view_build, reducer_version: read.
-- Access: orchestrate
create or replace function create_view_table(view text, version integer, columns jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    table_name text := view || '__v' || version::text;
begin
    if exists (select from pg_class c
                where c.relnamespace = current_schema()::regnamespace
                  and c.relname = create_view_table.view)
       and not exists (select from view_state s where s.view = create_view_table.view)
       and not exists (select from view_build b where b.view = create_view_table.view)
       -- Of a version that was retired, and that the leader has not dropped yet.
       and not exists (select from reducer_version r
                        where r.name = create_view_table.view
                          and r.version <> create_view_table.version
                          and to_regclass(pg_catalog.format(
                                '%I.%I', current_schema(), r.name || '__v' || r.version::text))
                              is not null)
    then
        raise exception 'the name % is taken in schema %; name the reducer otherwise',
            create_view_table.view, current_schema()
            using errcode = 'BT013';
    end if;

    if to_regclass(pg_catalog.format('%I.%I', current_schema(), table_name)) is null then
        execute pg_catalog.format('create table %I %s', table_name,
                                  view_table(create_view_table.columns));
        -- An event trigger may have switched it on.
        execute pg_catalog.format('alter table %I disable row level security', table_name);
    end if;
    perform share_view(create_view_table.view, create_view_table.version, true);
end;
$$;
