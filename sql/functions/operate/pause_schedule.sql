-- pause_schedule: nothing is made of a schedule, until resume_schedule().
--
-- Arguments   name: which. reason: for people to read.
-- Returns     true; false where it was paused already, and then since when and by whom stays.
-- Raises      BT060 see require_schedule().
-- Tables      schedule: update.
-- Access: orchestrate
create or replace function pause_schedule(name text, reason text default null)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    known schedule;
begin
    known := require_schedule(pause_schedule.name);
    if known.paused_at is not null then
        return false;
    end if;
    update schedule s
       set paused_at = clock_timestamp(), paused_by = session_user, due_at = null,
           pause_reason = pg_catalog.left(pause_schedule.reason, 1000)
     where s.name = known.name;
    return true;
end;
$$;
