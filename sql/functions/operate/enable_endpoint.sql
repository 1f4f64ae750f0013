-- enable_endpoint: lets nodes send requests to an endpoint again: its handler is resumed, and what
-- they found of it is forgotten, so that they try it at once.
--
-- Arguments   handler: which.
-- Returns     true; false where it was open already.
-- Raises      BT067 no node has carried such an endpoint. BT037 nobody registered the handler.
-- Tables      endpoint: update.
-- Access: orchestrate
create or replace function enable_endpoint(handler text)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    was_paused boolean;
begin
    perform require_endpoint(enable_endpoint.handler);
    was_paused := resume_handler(enable_endpoint.handler);
    update endpoint e
       set state = 'open', until_at = null, reason = null, since = clock_timestamp(),
           told_by = session_user
     where e.handler = enable_endpoint.handler and e.state <> 'open';
    return found or was_paused;
end;
$$;
