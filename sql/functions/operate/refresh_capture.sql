-- refresh_capture: make the triggers of captures anew, for the tables as they are now: columns that
-- were renamed keep their fields, parts that were added get triggers, and a restored dump its own.
-- For the environment's owner.
--
-- Arguments   relation: null: of all tables. event_type: null: of all types.
-- Returns     how many captures are as their tables are; one whose table is gone is left as it is.
-- Raises      as capture_table().
-- Locks       as capture_table(), where triggers are missing.
-- Tables      capture: update.
create or replace function refresh_capture(
    relation text default null, event_type text default null)
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    one       bigint;
    table_now oid;
    refreshed integer := 0;
begin
    perform require_capturer();
    for one in select c from captures_of(refresh_capture.relation, refresh_capture.event_type) as c
    loop
        table_now := captured_table(one);
        continue when table_now is null;
        perform refuse_capture(table_now);
        update capture k
           set table_id = table_now, table_schema = n.nspname, table_name = c.relname,
               columns = columns_now(one, table_now)
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where k.id = one and c.oid = table_now;
        perform refuse_column(table_now, c.column_name)
           from capture_columns(one, table_now) as c
          where c.type_id is not null and (c.is_shown or c.key_place is not null);
        perform try_capture(one, table_now);
        perform make_capture(one, table_now);
        refreshed := refreshed + 1;
    end loop;
    return refreshed;
end;
$$;
