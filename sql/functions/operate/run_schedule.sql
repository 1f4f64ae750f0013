-- run_schedule: make what a schedule makes, now, by hand: also where it is paused, has ended, or
-- its former task has not. Its slots stay as they are. With overlap queue it is in the lane, as
-- others.
--
-- Arguments   name: which.
-- Returns     the id of the task or event.
-- Raises      BT049 this is a copy that nobody adopted. BT060 see require_schedule(). See enqueue()
--             and dispatch().
-- Locks       the schedule, until the transaction ends.
-- Tables      schedule: update. See fire_slot().
-- Access: orchestrate
create or replace function run_schedule(name text)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    known schedule;
    slot  schedule_slot;
    made  bigint;
begin
    perform require_adopted();
    known := require_schedule(run_schedule.name);
    slot.instant := clock_timestamp();
    slot.wall := slot.instant at time zone known.zone;
    made := fire_slot(known, slot, 'hand', case known.overlap when 'queue' then 'queue'
                                                              else 'allow' end);
    update schedule s
       set last_task = made
     where s.name = known.name and s.handler is not null;
    return made;
end;
$$;
