-- declare_event_types: say that there are events of these types, whoever reads them, so that they
-- are neither refused nor warned of. May be said again. The environment's owner takes one back with
-- `delete from declared_event_type where type = ...`.
--
-- Raises      BT001 a type that no event can have. BT002 one that is longer than the limit
--             type_bytes allows, or than the 2000 bytes that an index has room for.
-- Tables      declared_event_type: insert. event_limit: read.
-- Access: orchestrate
create or replace function declare_event_types(types text[])
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    bytes     integer;
    bytes_max constant integer :=
        least((select l.type_bytes from event_limit l where l.only_row), 2000);
begin
    select coalesce(octet_length(t.type), 0) into bytes
      from pg_catalog.unnest(declare_event_types.types) as t (type)
     where coalesce(octet_length(t.type), 0) not between 1 and bytes_max
     limit 1;
    if bytes = 0 then
        raise exception 'an event type that is declared is empty or null; correct it'
            using errcode = 'BT001';
    elsif bytes > 0 then
        raise exception 'an event type that is declared has % bytes, the limit is %; correct it%',
            bytes, bytes_max,
            case when bytes_max < 2000 then ', or raise the limit type_bytes' else '' end
            using errcode = 'BT002';
    end if;
    insert into declared_event_type (type)
    select distinct t.type from pg_catalog.unnest(declare_event_types.types) as t (type)
     order by t.type
        on conflict do nothing;
end;
$$;
