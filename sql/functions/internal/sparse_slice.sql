-- sparse_slice: what enter_slice() said, where the events are few in a wide range of ids. Internal,
-- for batch_event.
--
-- Returns   as batch_event.
-- Cost      what it returns, and each row is copied once.
-- Access: orchestrate
create or replace function sparse_slice()
returns table (
    "position"     bigint,
    id             bigint,
    dispatched_at  timestamptz,
    type           text,
    key            text,
    tenant         text,
    payload        jsonb,
    body           bytea,
    content_type   text,
    meta           jsonb,
    schema_version integer
)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    floor_id       bigint      := current_setting('baton.floor_id');
    floor_xid      xid8        := current_setting('baton.floor_xid');
    seen_before    pg_snapshot := current_setting('baton.seen_before');
    seen           pg_snapshot := current_setting('baton.seen');
    last_id        bigint      := current_setting('baton.last_id');
    stragglers     xid8[]      := current_setting('baton.stragglers');
    after_id       bigint      := current_setting('baton.after_id');
    first_position bigint      := current_setting('baton.first_position');
begin
    return query
        select first_position - 1 + row_number() over (order by e.id), e.id, e.dispatched_at,
               e.type::text, e.key::text, e.tenant::text, e.payload::jsonb, e.body::bytea,
               e.content_type::text, e.meta::jsonb, e.schema_version::integer
          from log_slice(floor_id, floor_xid, seen_before, seen, last_id, stragglers, after_id,
                         2147483647) as e;
end;
$$;
