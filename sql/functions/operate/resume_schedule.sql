-- resume_schedule: a schedule goes on after pause_schedule(), with its first slot from now on.
-- Those of meanwhile are left out; backfill_schedule() makes them.
--
-- Arguments   name: which.
-- Returns     true; false where it was not paused.
-- Raises      BT060 see require_schedule().
-- Tables      schedule: see write_schedule().
-- Access: orchestrate
create or replace function resume_schedule(name text)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    known schedule;
begin
    known := require_schedule(resume_schedule.name);
    if known.paused_at is null then
        return false;
    end if;
    known.paused_at := null;
    known.paused_by := null;
    known.pause_reason := null;
    known.trouble := null;
    perform write_schedule(plan_next(known, clock_timestamp()));
    return true;
end;
$$;
