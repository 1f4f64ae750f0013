-- dispatch_effect: dispatch an event that a reducer lets follow from another one. Internal:
-- write_effects().
--
-- Its meta says of which position and reducer it is. What was written before is not written again.
-- A chain of events that beget each other ends at a depth of 32: a reducer whose effects lead to
-- themselves would go on for ever.
--
-- Arguments   view, version: whose effect. made: the effect.
-- Raises      BT056 the chain is too long. BT001, BT002, BT040 as dispatch().
-- Notifies    the orchestrator, if it sleeps.
-- Tables      derived_event: read, insert. event: insert.
create or replace function dispatch_effect(view text, version integer, made effect)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    depth_max constant integer := 32;
    by_whom   constant text := dispatch_effect.view || '@'::text || dispatch_effect.version::text;
    depth     constant integer := 1 + coalesce(
        (select d.depth from derived_event d where d.event_id = made.event_id), 0);
    new_id    bigint;
begin
    if depth > depth_max then
        raise exception 'an effect of % for the event at position %: a chain of % events that '
            'beget each other is the longest that there may be, and % would be one more: does it '
            'lead to itself?', by_whom, made.cause, depth_max, pg_catalog.left(made.event, 128)
            using errcode = 'BT056';
    end if;
    -- The log relies on "xid taken, then id drawn".
    perform pg_current_xact_id();
    insert into derived_event (view, cause_id, ordinal, event_id, depth)
    values (dispatch_effect.view, made.event_id, made.ordinal,
            pg_catalog.nextval(pg_get_serial_sequence('event', 'id')), depth)
    on conflict (view, cause_id, ordinal) do nothing
    returning event_id into new_id;
    if new_id is null then
        return;
    end if;
    insert into event (id, type, key, tenant, payload, meta, schema_version)
    overriding system value
    values (new_id, made.event, made.key, made.tenant, coalesce(made.payload, '{}'),
            coalesce(made.meta, '{}') || pg_catalog.jsonb_build_object(
                'cause', made.cause, 'by', by_whom),
            coalesce(made.schema_version, 1));
    if pg_catalog.pg_sequence_last_value('doorbell') is not null then
        perform pg_catalog.pg_notify(current_schema(), '');
    end if;
end;
$$;
