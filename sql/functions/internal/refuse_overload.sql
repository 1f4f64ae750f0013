-- refuse_overload: raise that the views are too far behind, if they are. Internal, for dispatch,
-- which calls it once it has drawn an id above dispatch_ceiling.
--
-- The ceiling is the last id in the log plus max_lag. That is cheap to test, and too low when ids
-- were drawn in vain: by a large transaction that was rolled back, or by every dispatch that was
-- refused here. If nothing is waiting to be taken, then that is the reason, and the ceiling moves
-- up; else refusals would go on for ever after the views had caught up.
--
-- Raises    BT004. Roll back and try later, or commit without the event: the caller decides.
-- Tables    event_limit: read.
create or replace function refuse_overload()
returns void
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    lag_max bigint := (select max_lag from event_limit where only_row);
begin
    -- A set_limit() that was rolled back, or is not committed yet, leaves the ceiling without it.
    if lag_max is null then
        return;
    end if;
    -- A fixed snapshot says nothing about now.
    if current_setting('transaction_isolation') in ('read committed', 'read uncommitted')
       and not exists (select from waiting_events(1))
       and (select count(*) from own_events(lag_max + 1)) <= lag_max
    then
        perform raise_dispatch_ceiling(event_id_value() + lag_max);
        return;
    end if;
    raise exception 'overloaded: the views are more than % events behind the log; try again later',
        lag_max
        using errcode = 'BT004';
end;
$$;
