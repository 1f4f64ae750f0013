-- dispatch: append one event to the log, inside the caller's transaction.
--
-- The event and the caller's own writes commit together or not at all, so this neither commits nor
-- catches errors. The limits, the doorbell and back-pressure are looked at in the INSERT itself:
-- each further statement would cost every dispatch as much as the INSERT does.
--
-- Arguments
--   type         what happened, in the past tense: 'order/placed'. 1 to 128 bytes.
--   payload      JSON, at most 1 MiB as Postgres stores it.
--   key          what it happened to: 'order/42'; events of one key keep their causal order.
--   tenant       whose it is.
--   meta         about the event, not of it: correlation, causation, user. At most 16 KiB.
--   dispatch_id  makes the call safe to repeat after an unknown COMMIT: the same id with the same
--                content gives the same event, with other content BT003.
-- Returns   the event's id. Its position in the log is known once the orchestrator has taken it.
-- Raises    BT001 invalid, BT002 too large, BT003 dispatch_id used for other content, BT004 the
--           orchestrator is more than max_lag behind.
-- Locks     nothing beyond the INSERT; with dispatch_id, other uses of that id until the end of the
--           transaction.
-- Notifies  the orchestrator, only if it is asleep: a NOTIFY holds a database-wide lock at commit.
-- Tables    event: insert. event_limit: read. dispatch_receipt: read, insert, with dispatch_id.
create or replace function dispatch(
    type        text,
    payload     jsonb default '{}',
    key         text  default null,
    tenant      text  default null,
    meta        jsonb default null,
    dispatch_id uuid  default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    new_id     bigint;
    bell       bigint;
    id_ceiling bigint;
begin
    if dispatch.dispatch_id is not null then
        return dispatch_once(
            dispatch.dispatch_id, dispatch.type, dispatch.payload, dispatch.key, dispatch.tenant,
            dispatch.meta, null, null);
    end if;

    insert into event (type, key, tenant, payload, meta)
    select dispatch.type, dispatch.key, dispatch.tenant, dispatch.payload, dispatch.meta
      from event_limit as most
     where most.only_row
       and octet_length(dispatch.type) between 1 and most.type_bytes
       and pg_column_size(dispatch.payload) <= most.payload_bytes
       and (dispatch.key is null
            or octet_length(dispatch.key) between 1 and most.key_bytes)
       and (dispatch.tenant is null
            or octet_length(dispatch.tenant) between 1 and most.tenant_bytes)
       and (dispatch.meta is null or pg_column_size(dispatch.meta) <= most.meta_bytes)
    returning id, (select last_value from doorbell), (select last_value from dispatch_ceiling)
      into new_id, bell, id_ceiling;

    if new_id is null then
        perform refuse_event(
            dispatch.type, dispatch.payload, dispatch.key, dispatch.tenant, dispatch.meta, null,
            null);
    end if;
    if new_id > id_ceiling then
        perform refuse_overload();
    end if;
    if bell = 2 then
        perform ring();
    end if;
    return new_id;
end;
$$;
