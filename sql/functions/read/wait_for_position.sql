-- wait_for_position: wait until every live view has the events up to a position: for a reader that
-- was told a position, by a follower of the log or by another process's wait_for().
--
-- It waits as wait_until_reduced.sql says.
--
-- Arguments   position: in the log; it need not be there yet. timeout: how long to wait, at most a
--             minute.
-- Returns     the position.
-- Raises      BT005 the time is over: nothing is wrong, the views, or the log, are still on their
--             way. BT006 this transaction's snapshot is fixed (REPEATABLE READ).
--             BT007 a view is halted before the position. BT041 live views went on without the
--             event at this position, and which.
-- Tables      as is_position_reduced().
-- Access: dispatch, observe, orchestrate
create or replace function wait_for_position(
    "position" bigint, timeout interval default '10 seconds')
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if wait_for_position.position is null then
        raise exception 'wait_for_position: position is null; give a position of the log'
            using errcode = 'BT008';
    end if;
    perform wait_until_reduced(null, wait_for_position.position, wait_for_position.timeout);
    return wait_for_position.position;
end;
$$;
