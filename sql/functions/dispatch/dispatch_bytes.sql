-- dispatch_bytes: append one event whose content is bytes: msgpack, protobuf, a picture.
--
-- As dispatch(), with
--   body          the bytes, at most 1 MiB.
--   content_type  what they are: 'application/msgpack'. C++ reducers read msgpack as they read
--                 JSON.
-- Raises    BT001, BT002, BT003, BT004 as dispatch() does.
-- Tables    event: insert. dispatch_receipt: see dispatch_once().
-- Access: dispatch, orchestrate
create or replace function dispatch_bytes(
    type           text,
    body           bytea,
    content_type   text    default 'application/octet-stream',
    key            text    default null,
    tenant         text    default null,
    meta           jsonb   default null,
    dispatch_id    uuid    default null,
    schema_version integer default 1
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    new_id bigint;
begin
    if dispatch_bytes.body is null then
        raise exception 'event %: body is null; use dispatch() for an event without bytes',
            dispatch_bytes.type
            using errcode = 'BT001';
    end if;
    if dispatch_bytes.content_type is null then
        raise exception 'event %: content_type is null; say what the bytes are',
            dispatch_bytes.type
            using errcode = 'BT001';
    end if;
    if dispatch_bytes.dispatch_id is not null then
        return dispatch_once(
            dispatch_bytes.dispatch_id, dispatch_bytes.type, '{}', dispatch_bytes.key,
            dispatch_bytes.tenant, dispatch_bytes.meta, dispatch_bytes.body,
            dispatch_bytes.content_type, dispatch_bytes.schema_version);
    end if;

    insert into event (type, key, tenant, meta, body, content_type, schema_version)
    values (dispatch_bytes.type, dispatch_bytes.key, dispatch_bytes.tenant, dispatch_bytes.meta,
            dispatch_bytes.body, dispatch_bytes.content_type, dispatch_bytes.schema_version)
    returning id into new_id;

    perform ring();
    return new_id;
end;
$$;
