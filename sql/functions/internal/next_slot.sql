-- next_slot: the slot that comes after another one. Internal: backfill_schedule(), due_slots(),
-- preview_schedule().
--
-- Returns     its instant is null where there is none.
create or replace function next_slot(plan schedule_plan, zone text, former schedule_slot)
returns schedule_slot
language plpgsql
stable
set search_path from current
as $$
declare
    slot schedule_slot;
begin
    if plan.every_seconds is not null or plan.follows_clock then
        return slot_after(plan, next_slot.zone, next_slot.former.instant);
    end if;
    slot.wall := local_slot(plan, next_slot.former.wall + interval '1 second');
    slot.instant := first_instant(next_slot.zone, slot.wall);
    return slot;
end;
$$;
