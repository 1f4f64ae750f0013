-- refuse_capture: raise why a table's changes cannot be made events, if that is so. Internal:
-- capture_table(), refresh_capture().
--
-- Arguments   relation: pg_class.oid.
-- Raises      BT061.
create or replace function refuse_capture(relation oid)
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    part   oid;
    c      record;
    reason text;
begin
    for part in select t from captured_tables(refuse_capture.relation) as t loop
        select r.relkind, r.relpersistence, n.nspname::text as home into strict c
          from pg_class r join pg_namespace n on n.oid = r.relnamespace
         where r.oid = part;
        reason := case
            when c.relkind in ('v', 'm') then 'it is a view: capture the tables behind it'
            when c.relkind = 'f' then 'it is a foreign table: its rows change elsewhere, unseen'
            when c.relkind not in ('r', 'p') then 'it is no table'
            when c.relpersistence = 't' then 'it is a temporary table, of one session alone'
            when c.home in ('pg_catalog', 'information_schema', 'pg_toast')
            then 'it is Postgres'' own'
            when c.home = current_schema() or c.home ~ '^baton_'
            then 'it belongs to an environment of Baton, whose tables tell what events did'
            when exists (select from pg_subscription_rel s where s.srrelid = part)
            then 'a subscription writes to it, and what logical replication applies fires no such '
                 'trigger: capture it where it is written' end;
        if reason is not null then
            raise exception 'the changes of % cannot be made events: %',
                refuse_capture.relation::regclass,
                case when part <> refuse_capture.relation
                     then 'of ' || part::regclass::text || ', a part of it: ' || reason
                     else reason end
                using errcode = 'BT061';
        end if;
    end loop;
end;
$$;
