-- declare_event_types: say that there are events of these types, whoever reads them, so that they
-- are neither refused nor warned of. May be said again. The environment's owner takes one back with
-- `delete from declared_event_type where type = ...`.
--
-- Raises      BT001 a type that no event can have.
-- Tables      declared_event_type: insert.
-- Access: orchestrate
create or replace function declare_event_types(types text[])
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if exists (select from pg_catalog.unnest(declare_event_types.types) as t (type)
                where coalesce(octet_length(t.type), 0) not between 1 and 128)
    then
        raise exception 'an event type has 1 to 128 bytes; correct the one that is declared'
            using errcode = 'BT001';
    end if;
    insert into declared_event_type (type)
    select distinct t.type from pg_catalog.unnest(declare_event_types.types) as t (type)
     order by t.type
        on conflict do nothing;
end;
$$;
