-- wait_for: wait until every live view has an event: read your own writes.
--
-- Call it after the COMMIT of the transaction that dispatched. The pauses between looks grow with
-- the time waited, so a waiter sees its event at most a quarter later than it could have, and a
-- thousand waiters do not poll the server to death. The session holds a snapshot while it waits.
--
-- Arguments   event_id: as dispatch() returned it. timeout: how long to wait, at most a minute.
-- Returns     the event's position.
-- Raises      BT005 the time is over: nothing is wrong, the views are still on their way.
--             BT006 it cannot succeed here: the event belongs to this very transaction, or this
--             transaction's snapshot is fixed (REPEATABLE READ).
--             BT007 a view is halted before the event. BT008 there is no such event.
-- Tables      as is_reduced().
create or replace function wait_for(event_id bigint, timeout interval default '10 seconds')
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    started timestamptz := clock_timestamp();
    waited  double precision := 0;
    longest double precision := extract(epoch from least(timeout, interval '1 minute'));
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'wait_for cannot see new rows in a % transaction: call it outside of one',
            upper(current_setting('transaction_isolation'))
            using errcode = 'BT006';
    end if;

    loop
        exit when is_reduced(event_id);
        waited := extract(epoch from clock_timestamp() - started);
        if waited >= longest then
            raise exception 'event % is not in every view after % s; status() tells what holds it '
                'up',
                event_id, round(longest::numeric, 3)
                using errcode = 'BT005';
        end if;
        perform pg_sleep(least(greatest(waited / 4, 0.001), 0.25, longest - waited));
    end loop;
    return event_position(event_id);
end;
$$;
