-- slot_after: the first slot after a time. Internal: backfill_schedule(), due_slots(), next_slot(),
-- plan_next(), preview_schedule().
--
-- Returns     its instant is null where there is none.
create or replace function slot_after(plan schedule_plan, zone text, after timestamptz)
returns schedule_slot
language plpgsql
stable
set search_path from current
as $$
declare
    slot schedule_slot;
begin
    if plan.every_seconds is not null then
        slot.instant := plan.first_at + pg_catalog.make_interval(secs => ((
            pg_catalog.floor(extract(epoch from slot_after.after - plan.first_at)
                             / plan.every_seconds) + 1)
            * plan.every_seconds)::double precision);
    elsif plan.follows_clock then
        slot.instant := clock_slot(plan, slot_after.zone, slot_after.after);
    else
        slot.wall := pg_catalog.date_trunc('second', slot_after.after at time zone slot_after.zone);
        loop
            slot.wall := local_slot(plan, slot.wall);
            slot.instant := first_instant(slot_after.zone, slot.wall);
            exit when (slot.instant <= slot_after.after) is not true;
            slot.wall := slot.wall + interval '1 second';
        end loop;
        return slot;
    end if;
    slot.wall := slot.instant at time zone slot_after.zone;
    return slot;
end;
$$;
