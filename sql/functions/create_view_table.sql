-- create_view_table: the table of one view version, and the public view that shows it. Internal.
--
-- Arguments   columns: [{"name", "type", "nullable", "key"}, ...] in order.
-- Raises      BT013 something else in this schema has the name.
-- Grants      select on the view to the group role _observe, if there is one; see
--             share_view() for who owns it.
-- Creates     table <view>__v<version> (columns and position, the position of the event that last
--             touched the row), view <view> (the columns, without position).
create or replace function create_view_table(view text, version integer, columns jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    table_name text := view || '__v' || version;
    taken_by   text;
begin
    select c.relkind into taken_by
      from pg_class c
     where c.relnamespace = current_schema()::regnamespace and c.relname = create_view_table.view;
    if found then
        raise exception 'the name % is taken in schema %; name the reducer otherwise',
            create_view_table.view, current_schema()
            using errcode = 'BT013';
    end if;

    if to_regclass(pg_catalog.format('%I.%I', current_schema(), table_name)) is null then
        execute pg_catalog.format(
            'create table %I (%s, position bigint not null, primary key (%s)) with '
            '(fillfactor = 80)',
            table_name,
            (select string_agg(
                        pg_catalog.format('%I %s%s', c ->> 'name', (c ->> 'type')::regtype,
                               case when (c ->> 'nullable')::boolean then '' else ' not null' end),
                        ', ' order by n)
               from jsonb_array_elements(create_view_table.columns) with ordinality as e (c, n)),
            (select string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' order by n)
               from jsonb_array_elements(create_view_table.columns) with ordinality as e (c, n)
              where (c ->> 'key')::boolean));
    end if;
    execute pg_catalog.format('create view %I as select %s from %I',
        create_view_table.view,
        (select string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' order by n)
           from jsonb_array_elements(create_view_table.columns) with ordinality as e (c, n)),
        table_name);
    if exists (select from pg_roles where rolname = current_schema() || '_observe') then
        execute pg_catalog.format('grant select on %I to %I',
            create_view_table.view, current_schema() || '_observe');
    end if;
    perform share_view(create_view_table.view, create_view_table.version, true);
end;
$$;
