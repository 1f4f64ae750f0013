-- ring: what dispatch() does after its INSERT: refuse when the views are too far behind, and wake
-- the orchestrator if it sleeps. Call it once after a COPY into event, in the same transaction.
-- Without it the events wait for the fallback poll, and max_lag does not hold for them.
--
-- Raises    BT004 the orchestrator is more than max_lag behind.
-- Notifies  the channel that has the schema's name, empty payload, only if the orchestrator sleeps.
create or replace function ring()
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if event_id_value() > (select last_value from dispatch_ceiling) then
        perform refuse_overload();
    end if;
    if (select last_value from doorbell) = 2 then
        perform pg_notify(current_schema(), '');
    end if;
end;
$$;
