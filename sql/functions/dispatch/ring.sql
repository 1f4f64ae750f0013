-- ring: refuse when the views are too far behind, and wake the orchestrator if it sleeps.
-- dispatch() calls it when it sees that either may be due. Call it once after a COPY into event, in
-- the same transaction: without it the events wait for the fallback poll, and max_lag does not hold
-- for them.
--
-- Raises    BT004 the orchestrator is more than max_lag behind.
-- Notifies  the channel that has the schema's name, empty payload, only if the orchestrator sleeps.
-- Access: dispatch, orchestrate
create or replace function ring()
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if event_id_value() > pg_catalog.pg_sequence_last_value('dispatch_ceiling') then
        perform refuse_overload();
    end if;
    if pg_catalog.pg_sequence_last_value('doorbell') is not null then
        perform pg_catalog.pg_notify(current_schema(), '');
    end if;
end;
$$;
