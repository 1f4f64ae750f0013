-- wait_for: wait until every live view has an event: read your own writes.
--
-- Call it after the COMMIT of the transaction that dispatched. It waits as wait_until_reduced.sql
-- says.
--
-- Arguments   event_id: as dispatch() returned it. timeout: how long to wait, at most a minute.
-- Returns     the event's position.
-- Raises      BT005 the time is over: nothing is wrong, the views are still on their way.
--             BT006 it cannot succeed here: the event belongs to this very transaction, or this
--             transaction's snapshot is fixed (REPEATABLE READ).
--             BT007 a view is halted before the event. BT008 there is no such event.
--             BT041 live views went on without the event, and which; the others have it.
-- Tables      as is_reduced().
-- Access: dispatch, observe, orchestrate
create or replace function wait_for(event_id bigint, timeout interval default '10 seconds')
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    perform wait_until_reduced(wait_for.event_id, null, wait_for.timeout);
    return event_position(wait_for.event_id);
end;
$$;
