-- captures: which changes of which tables become events.
--
-- Returns     in the order in which they were added. relation: what the table is called now, or
--             was, where it is gone; columns: the fields that events show; key: those that say
--             which row it is; faults: in what the capture is not as its table is.
-- Tables      capture: read.
-- Access: observe, orchestrate
create or replace function captures()
returns table (
    capture bigint, relation text, event_type text, columns text[], key text[], key_prefix text,
    condition text, has_old boolean, oversize text, added_at timestamptz, added_by text,
    faults text[])
language sql
stable
security definer
set search_path from current
as $$
    with faults as materialized (select * from capture_faults())
    select k.id,
           coalesce((select pg_catalog.format('%I.%I', n.nspname, c.relname)
                       from pg_class c join pg_namespace n on n.oid = c.relnamespace
                      where c.oid = captured_table(k.id)),
                    pg_catalog.format('%I.%I', k.table_schema, k.table_name)),
           k.event_type, k.fields, k.key_fields, k.key_prefix, k.condition, k.has_old, k.oversize,
           k.added_at, k.added_by,
           array(select f.fault from faults f where f.capture = k.id)
      from capture k
     order by k.id;
$$;
