-- resume_handler: claims give the tasks of a handler again, after pause_handler().
--
-- Arguments   handler: which.
-- Returns     true; false where it was not paused.
-- Raises      BT037 nobody registered the handler.
-- Notifies    nodes that sleep: see ring_for_waiting().
-- Tables      handler: update.
-- Access: orchestrate
create or replace function resume_handler(handler text)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    perform require_handler(resume_handler.handler);
    update handler h
       set paused_at = null, paused_by = null, pause_reason = null
     where h.name = resume_handler.handler and h.paused_at is not null;
    if not found then
        return false;
    end if;
    perform ring_for_waiting();
    return true;
end;
$$;
