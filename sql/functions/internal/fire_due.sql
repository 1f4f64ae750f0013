-- fire_due: make what is due of the schedules that are due for the longest. Internal:
-- fire_schedules().
--
-- Arguments   now: until when. at_most: of how many schedules; and it stops once it has made so
--             many tasks and events. carefully: what raises is written down with its schedule,
--             which is tried again ten seconds later; else it is raised.
-- Returns     how many schedules it came to; at_most, where there may be more.
-- Locks       their rows; it passes by those that somebody has locked.
-- Tables      schedule: read, update. See fire_schedule().
create or replace function fire_due(now timestamptz, at_most integer, carefully boolean)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    known schedule;
    said  text;
    count integer := 0;
    fired integer := 0;
begin
    for known in
        select s.* from schedule s
         where s.due_at <= fire_due.now
         order by s.due_at
         limit fire_due.at_most
           for update skip locked
    loop
        count := count + 1;
        if not fire_due.carefully then
            fired := fired + fire_schedule(known, fire_due.now);
        else
            begin
                fired := fired + fire_schedule(known, fire_due.now);
            exception when others then
                get stacked diagnostics said = message_text;
                update schedule s
                   set trouble = pg_catalog.left(said, 1000), tried_at = fire_due.now,
                       due_at = fire_due.now + interval '10 seconds'
                 where s.name = known.name;
            end;
        end if;
        if fired >= fire_due.at_most then
            return fire_due.at_most;
        end if;
    end loop;
    return count;
end;
$$;
