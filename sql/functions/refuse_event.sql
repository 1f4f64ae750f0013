-- refuse_event: raise what is wrong with an event; nothing if nothing is. Internal.
--
-- Raises    BT001 the event is invalid: which field, and why.
--           BT002 the event is too large: which field, its size, the limit and its name.
-- Tables    event_limit: read.
create or replace function refuse_event(
    type         text,
    payload      jsonb,
    key          text,
    tenant       text,
    meta         jsonb,
    body         bytea,
    content_type text
)
returns void
language plpgsql
stable
security definer
set search_path from current
as $$
declare
    most  event_limit;
    field record;
begin
    select * into strict most from event_limit where only_row;

    if refuse_event.type is null then
        raise exception 'event type is null; give what happened, as ''order/placed'''
            using errcode = 'BT001';
    end if;
    if refuse_event.payload is null then
        raise exception 'event %: payload is null; give JSON, ''{}'' for none', refuse_event.type
            using errcode = 'BT001';
    end if;
    if (refuse_event.body is null) <> (refuse_event.content_type is null) then
        raise exception 'event %: body and content_type go together', refuse_event.type
            using errcode = 'BT001';
    end if;

    for field in
        select *
          from (values
            ('type',         octet_length(refuse_event.type),         most.type_bytes, false),
            ('key',          octet_length(refuse_event.key),          most.key_bytes, false),
            ('tenant',       octet_length(refuse_event.tenant),       most.tenant_bytes, false),
            ('content_type', octet_length(refuse_event.content_type), most.content_type_bytes,
                                                                                       false),
            ('payload',      pg_column_size(refuse_event.payload),    most.payload_bytes, true),
            ('body',         octet_length(refuse_event.body),         most.payload_bytes, true),
            ('meta',         pg_column_size(refuse_event.meta),       most.meta_bytes, true)
          ) as f (name, bytes, bytes_max, may_be_empty)
         where bytes > bytes_max or (bytes = 0 and not may_be_empty)
    loop
        if field.bytes = 0 then
            raise exception 'event %: % is empty; give null for none',
                refuse_event.type, field.name
                using errcode = 'BT001';
        end if;
        raise exception 'event %: % has % bytes, the limit is %; store it elsewhere and dispatch '
            'a reference, or raise the limit',
            left(refuse_event.type, 128), field.name, field.bytes, field.bytes_max
            using errcode = 'BT002';
    end loop;
end;
$$;
