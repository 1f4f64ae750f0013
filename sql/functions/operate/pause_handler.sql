-- pause_handler: from now on claims give no task of a handler, in whatever version, to whatever
-- node. Tasks are made as ever, and wait. What nodes have by now they go on with; see cancel().
--
-- Arguments   handler: which. reason: for people to read.
-- Returns     true; false where it was paused already, and then since when and by whom stays.
-- Raises      BT037 nobody registered the handler.
-- Tables      handler: update.
-- Access: orchestrate
create or replace function pause_handler(handler text, reason text default null)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    perform require_handler(pause_handler.handler);
    update handler h
       set paused_at = clock_timestamp(), paused_by = session_user,
           pause_reason = pg_catalog.left(pause_handler.reason, 1000)
     where h.name = pause_handler.handler and h.paused_at is null;
    return found;
end;
$$;
