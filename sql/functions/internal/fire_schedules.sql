-- fire_schedules: make what is due of schedules. Internal: maintain().
--
-- In a copy that nobody adopted nothing is made: unadopted(). What is due of many is one attempt,
-- because each that could be undone by itself costs a subtransaction; only where one of them
-- raises, each is tried by itself.
--
-- Nothing is waited for longer than 50 ms: a task to be cancelled that somebody's open transaction
-- has would hold up all else that maintain() does.
--
-- Arguments   at_most: of how many schedules.
-- Returns     whether there may be more to do.
-- Tables      schedule: read. See fire_due().
-- Cost        of one probe of an index, where nothing is due.
create or replace function fire_schedules(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set lock_timeout = '50ms'
as $$
declare
    now constant timestamptz := clock_timestamp();
begin
    -- A constant, because an index is of no use for what has to be asked anew for each row.
    if not exists (select from schedule s where s.due_at <= now) or unadopted() is not null then
        return false;
    end if;
    begin
        return fire_due(now, fire_schedules.at_most, false) >= fire_schedules.at_most;
    exception when others then
        return fire_due(now, fire_schedules.at_most / 10, true) >= fire_schedules.at_most / 10;
    end;
end;
$$;
