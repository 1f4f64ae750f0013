-- dispatch_once: dispatch with a dispatch_id, JSON or bytes. Internal: dispatch(),
-- dispatch_bytes().
--
-- The digest is made of a text, which must be the same whatever the session's settings are. Version
-- 1 adds nothing to it: the first call may be from before there were schema versions. The receipt
-- is written first: its unique key makes a second caller wait for the first one's end.
-- The transaction id is taken before the event id is drawn, as the log requires (log_slice.sql).
--
-- Where tenants are kept apart the same dispatch_id of two of them is two: set_tenants().
--
-- Returns   the id of the event: new, or that of the first dispatch with this dispatch_id.
-- Raises    BT001, BT002, BT003, BT004 as dispatch() does.
-- Tables    dispatch_receipt: read, insert. event: insert.
create or replace function dispatch_once(
    dispatch_id    uuid,
    type           text,
    payload        jsonb,
    key            text,
    tenant         text,
    meta           jsonb,
    body           bytea,
    content_type   text,
    schema_version integer
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
set bytea_output = 'hex'
as $$
#variable_conflict use_column
declare
    -- First of all, because the digest prints them: what is too large is refused here.
    sized_payload event_payload := dispatch_once.payload;
    sized_meta    event_meta    := dispatch_once.meta;
    content  bytea := sha256(pg_catalog.convert_to(
        row(dispatch_once.type, dispatch_once.payload, dispatch_once.key, dispatch_once.tenant,
            dispatch_once.meta, dispatch_once.body, dispatch_once.content_type)::text
        || coalesce(nullif(dispatch_once.schema_version, 1)::text, ''), 'UTF8'));
    -- Whose it is becomes part of it.
    own_id   uuid := case key_tenant(dispatch_once.tenant)
                         when '' then dispatch_once.dispatch_id
                         else pg_catalog.md5(dispatch_once.dispatch_id::text
                                             || dispatch_once.tenant)::uuid end;
    receipt  dispatch_receipt;
    new_id   bigint;
begin
    perform pg_current_xact_id();
    insert into dispatch_receipt (dispatch_id, event_id, digest)
    values (own_id,
            pg_catalog.nextval(pg_get_serial_sequence('event', 'id')), content)
    on conflict (dispatch_id) do nothing
    returning event_id into new_id;

    if new_id is null then
        select * into strict receipt
          from dispatch_receipt r
         where r.dispatch_id = own_id;
        if receipt.digest <> content then
            raise exception 'dispatch_id % was used for another event (id %); use a new one',
                dispatch_once.dispatch_id, receipt.event_id
                using errcode = 'BT003';
        end if;
        return receipt.event_id;
    end if;

    insert into event (id, type, key, tenant, payload, meta, body, content_type, schema_version)
    overriding system value
    values (new_id, dispatch_once.type, dispatch_once.key, dispatch_once.tenant,
            dispatch_once.payload, dispatch_once.meta, dispatch_once.body,
            dispatch_once.content_type, dispatch_once.schema_version);

    perform ring();
    return new_id;
end;
$$;
