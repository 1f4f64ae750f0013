-- refuse_field: raise what is wrong with the length of an event's field. Internal: the domains of
-- the event's columns call it for a length, or a schema_version, that they do not allow.
--
-- Arguments  name: of the field. bytes: its length, -1 where null is refused, any number above
--            268435456, the highest limit, where it is longer than that. Strict, so that a domain
--            that allows null needs no test for it. A schema_version itself, 0 for null.
-- Raises     BT001 null or empty, or no schema_version. BT002 too large: the size, the limit.
-- Tables     event_limit: read.
-- Access: dispatch, orchestrate
create or replace function refuse_field(name text, bytes integer)
returns boolean
language plpgsql
stable
strict
security definer
set search_path from current
as $$
declare
    bytes_max integer;
begin
    if refuse_field.name = 'schema_version' then
        raise exception 'event schema_version is %; give a number from 1 to 32767, 1 for the first '
            'shape of the payload',
            case refuse_field.bytes when 0 then 'null or 0' else refuse_field.bytes::text end
            using errcode = 'BT001';
    end if;
    if refuse_field.bytes < 0 then
        raise exception 'event % is null; give %', refuse_field.name,
            case refuse_field.name when 'type' then 'what happened, as ''order/placed'''
                 else 'JSON, ''{}'' for none' end
            using errcode = 'BT001';
    end if;
    if refuse_field.bytes = 0 then
        raise exception 'event % is empty; give %', refuse_field.name,
            case refuse_field.name when 'type' then 'what happened, as ''order/placed'''
                 else 'null for none' end
            using errcode = 'BT001';
    end if;
    select (pg_catalog.to_jsonb(most) ->> case refuse_field.name when 'body' then 'payload_bytes'
                                    else refuse_field.name || '_bytes' end)::integer
      into bytes_max
      from event_limit as most
     where most.only_row;
    raise exception 'event % has % bytes, the limit is %; store it elsewhere and dispatch a '
        'reference, or raise the limit',
        refuse_field.name,
        case when refuse_field.bytes <= 268435456 then refuse_field.bytes::text
             else 'more than 268435456' end,
        bytes_max
        using errcode = 'BT002';
end;
$$;
