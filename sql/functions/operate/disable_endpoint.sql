-- disable_endpoint: from now on nodes send nothing to an endpoint; what is under way goes on. It is
-- pause_handler(), of a handler that is an endpoint.
--
-- Arguments   handler: which. reason: for people to read.
-- Returns     true; false where it was disabled already.
-- Raises      BT067 no node has carried such an endpoint. BT037 nobody registered the handler.
-- Access: orchestrate
create or replace function disable_endpoint(handler text, reason text default null)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    perform require_endpoint(disable_endpoint.handler);
    return pause_handler(disable_endpoint.handler, disable_endpoint.reason);
end;
$$;
