-- fire_schedule: make what is due of one schedule, and say when the next is. Internal:
-- fire_due().
--
-- Arguments   known: the schedule, which is locked. now: until when.
-- Returns     how many tasks and events it made.
-- Raises      see fire_slot().
-- Tables      schedule: update. schedule_run: insert. See fire_slot().
create or replace function fire_schedule(known schedule, now timestamptz)
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    due   record;
    slot  schedule_slot;
    made  bigint;
    fired integer := 0;
begin
    select d.* into strict due from due_slots(known, fire_schedule.now) as d;
    if due.missed then
        insert into schedule_run (schedule, instant, wall, source, outcome, reason)
        values (known.id, (known.next).instant, (known.next).wall, 'due', 'missed',
                pg_catalog.format('it was %s late', pg_catalog.date_trunc(
                    'second', fire_schedule.now - (known.next).instant)))
        on conflict do nothing;
    end if;
    foreach slot in array due.slots loop
        made := fire_slot(known, slot, 'due', known.overlap);
        if made is not null then
            fired := fired + 1;
            known.last_task := case when known.handler is not null then made end;
        end if;
    end loop;
    update schedule s
       set next = due.next, due_at = slot_due(known, due.next),
           last = case when cardinality(due.slots) = 0 then s.last
                       else due.slots[cardinality(due.slots)] end,
           last_task = known.last_task, trouble = null, tried_at = null
     where s.name = known.name;
    return fired;
end;
$$;
