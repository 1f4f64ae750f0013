-- remove_schedule: nothing more is made of a schedule, and what came of it is forgotten. Its tasks
-- and events are as any others.
--
-- Arguments   name: which.
-- Raises      BT060 see require_schedule().
-- Tables      schedule: delete.
-- Access: orchestrate
create or replace function remove_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    known schedule;
begin
    known := require_schedule(remove_schedule.name);
    delete from schedule s where s.name = known.name;
end;
$$;
