-- view_columns: the columns of a SQL reducer's table, as register_reducer() takes them. Internal.
--
-- Arguments   namespace: of the table; null: this environment's schema.
-- Raises    BT013 there is no such table, it is UNLOGGED, or it lacks a primary key or the column
--           `position bigint not null`, in which the fold notes max(position) for each row.
-- Access: orchestrate
create or replace function view_columns(view text, version integer, namespace oid default null)
returns jsonb
language plpgsql
stable
set search_path from current
as $$
declare
    table_name text     := view || '__v' || version::text;
    table_oid  regclass := (select c.oid from pg_class c
                             where c.relname = table_name
                               and c.relnamespace = coalesce(namespace,
                                                             current_schema()::regnamespace));
    columns    jsonb;
begin
    if table_oid is null then
        raise exception 'SQL reducer %@%: its file makes no table %',
            view_columns.view, view_columns.version, table_name
            using errcode = 'BT013';
    end if;
    if (select c.relpersistence = 'u' from pg_class c where c.oid = table_oid) then
        raise exception 'SQL reducer %@%: table % is UNLOGGED, so a crash of the server would '
            'empty it, and nobody would know; make it an ordinary table',
            view_columns.view, view_columns.version, table_name
            using errcode = 'BT013';
    end if;
    if not exists (
        select from pg_attribute a
         where a.attrelid = table_oid and a.attname = 'position'
           and a.atttypid = 'bigint'::regtype and a.attnotnull)
    then
        raise exception 'SQL reducer %@%: table % needs a column "position bigint not null"',
            view_columns.view, view_columns.version, table_name
            using errcode = 'BT013';
    end if;

    select pg_catalog.jsonb_agg(
               pg_catalog.jsonb_build_object(
                   'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                   'nullable', not a.attnotnull, 'key', a.attnum = any (i.indkey))
               order by a.attnum)
      into columns
      from pg_attribute a
      join pg_index i on i.indrelid = a.attrelid and i.indisprimary
     where a.attrelid = table_oid and a.attnum > 0 and not a.attisdropped
       and a.attname <> 'position';
    if columns is null then
        raise exception 'SQL reducer %@%: table % needs a primary key',
            view_columns.view, view_columns.version, table_name
            using errcode = 'BT013';
    end if;
    return columns;
end;
$$;
