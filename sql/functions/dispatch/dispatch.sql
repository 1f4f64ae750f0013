-- dispatch: append one event to the log, inside the caller's transaction.
--
-- The event and the caller's own writes commit together or not at all, so this neither commits nor
-- catches errors. It costs little more than its INSERT does, because it does little else: the
-- limits are domains of the columns, and whether anything else is due, back-pressure or waking the
-- orchestrator, is one expression. It stands behind the INSERT and not in its RETURNING, which each
-- call would build twice, for the log and for its partition. Every name in here is qualified,
-- operators too, instead of a pinned search_path: setting one costs each transaction a walk over
-- all settings.
--
-- Arguments
--   type         what happened, in the past tense: 'order/placed'. 1 to 128 bytes.
--   payload      JSON, at most 1 MiB as Postgres stores it and as text, where each digit of a
--                number counts, also those of an exponent (4 MiB, where it is stored in at
--                most 451 bytes); nested at most 64 deep.
--   key          what it happened to: 'order/42'; events of one key keep their causal order.
--   tenant       whose it is.
--   meta         about the event, not of it: correlation, causation, user. At most 16 KiB; else as
--                payload.
--   dispatch_id  makes the call safe to repeat after an unknown COMMIT: the same id with the same
--                content gives the same event, with other content BT003.
--   schema_version  which shape of its type's payload this is, 1 to 32767; raised by whoever
--                changes that shape.
-- Returns   the event's id. Its position in the log is known once the orchestrator has taken it.
-- Raises    BT001 invalid, BT002 too large, BT003 dispatch_id used for other content, BT004 the
--           orchestrator is more than max_lag behind.
-- Locks     nothing beyond the INSERT; with dispatch_id, other uses of that id until the end of the
--           transaction.
-- Notifies  the orchestrator, only if it is asleep: a NOTIFY holds a database-wide lock at commit.
-- Tables    event: insert. dispatch_receipt: see dispatch_once().
-- Access: dispatch, orchestrate
create or replace function dispatch(
    type           text,
    payload        jsonb   default '{}',
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
as $$
#variable_conflict use_column
declare
    new_id bigint;
begin
    if dispatch.dispatch_id is not null then
        return :"schema".dispatch_once(
            dispatch.dispatch_id, dispatch.type, dispatch.payload, dispatch.key, dispatch.tenant,
            dispatch.meta, null, null, dispatch.schema_version);
    end if;

    insert into :"schema".event (type, key, tenant, payload, meta, schema_version)
    values (dispatch.type, dispatch.key, dispatch.tenant, dispatch.payload, dispatch.meta,
            dispatch.schema_version)
    returning id into new_id;

    if pg_catalog.pg_sequence_last_value(':"schema".doorbell') is not null
       or new_id operator(pg_catalog.>)
          pg_catalog.pg_sequence_last_value(':"schema".dispatch_ceiling')
    then
        perform :"schema".ring();
    end if;
    return new_id;
end;
$$;
