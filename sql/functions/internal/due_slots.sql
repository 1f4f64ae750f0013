-- due_slots: what of a schedule is to be made by now, of the slots that nothing was made of yet, as
-- its policy for what was missed says. Internal: fire_schedule().
--
-- It goes through the slots from the one that is next. What is far back and not to be made anyway
-- is leapt over: it looks so far back as it has to, from now on in ever longer spans.
--
-- Arguments   known: the schedule. now: until when.
-- Returns     slots, in their order; next: the first one that is not due.
--   missed      whether some were left out, from the one that was next on.
-- Cost        of the slots of a minute; where some were missed, of those that are made, and some
--             more.
create or replace function due_slots(
    known schedule, now timestamptz, out slots schedule_slot[], out next schedule_slot,
    out missed boolean)
language plpgsql
stable
set search_path from current
as $$
declare
    on_time constant timestamptz := due_slots.now - interval '1 minute';
    is_late constant boolean := slot_due(known, known.next) < on_time;
    wanted  constant integer := case known.missed when 'last' then 1
                                                  when 'all' then known.missed_limit end;
    span    interval := interval '1 minute';
    longest constant interval := case known.missed
        when 'skip' then span when 'all' then known.missed_window
        else due_slots.now - (known.next).instant end;
begin
    loop
        next := known.next;
        if is_late and (next).instant < due_slots.now - known.jitter - least(span, longest) then
            next := slot_after(known.plan, known.zone,
                               due_slots.now - known.jitter - least(span, longest)
                               - interval '1 microsecond');
        end if;
        slots := '{}';
        while (next).instant <= coalesce(known.ends_at, 'infinity')
              and slot_due(known, next) <= due_slots.now loop
            slots := pg_catalog.array_append(slots, next);
            next := next_slot(known.plan, known.zone, next);
        end loop;
        exit when not is_late or span >= longest or known.missed = 'skip'
               or cardinality(slots) >= wanted;
        span := span * 4;
    end loop;
    if is_late then
        slots := case when known.missed = 'skip'
                      then array(select s from pg_catalog.unnest(slots) as s
                                  where slot_due(known, s) >= on_time)
                      else slots[greatest(cardinality(slots) - wanted, 0) + 1:] end;
    end if;
    missed := is_late and (slots[1] is not distinct from known.next) is not true;
    if ((next).instant <= coalesce(known.ends_at, 'infinity')) is not true then
        next := null;
    end if;
end;
$$;
