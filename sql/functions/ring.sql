-- ring: wake the orchestrator if it sleeps. dispatch() does so itself; call it once after a COPY
-- into event, in the same transaction. Without it the events wait for the fallback poll.
--
-- Notifies  the channel that has the schema's name, empty payload, only if the orchestrator sleeps.
create or replace function ring()
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if (select last_value from doorbell) = 2 then
        perform pg_notify(current_schema(), '');
    end if;
end;
$$;
