-- preview_schedule: the slots that a spec has, before anything is made of it.
--
-- Arguments   spec, zone, starts_at, ends_at: as schedule(). after: from when on; null: now. count:
--             1 to 1000.
-- Returns     a row for each: slot: what the clocks of the zone show, with how far they are from
--             UTC; instant: when that is.
-- Raises      BT059 the spec, zone or count is none.
-- Access: observe, orchestrate
create or replace function preview_schedule(
    spec text, zone text default 'UTC', count integer default 10, after timestamptz default null,
    starts_at timestamptz default null, ends_at timestamptz default null)
returns table (slot text, instant timestamptz)
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    known constant text := time_zone(preview_schedule.zone);
    plan  constant schedule_plan := parse_schedule(
        preview_schedule.spec, preview_schedule.starts_at, known);
    coming schedule_slot;
begin
    if preview_schedule.count between 1 and 1000 is not true
       or greatest(preview_schedule.after, preview_schedule.starts_at) not between
          timestamptz '1900-01-01 00:00:00+00' and timestamptz '9000-01-01 00:00:00+00'
    then
        perform refuse_schedule('a preview is of 1 to 1000 slots, from a time between 1900 and '
                                '9000 on');
    end if;
    coming := slot_after(plan, known, greatest(
        coalesce(preview_schedule.after, clock_timestamp()),
        preview_schedule.starts_at - interval '1 microsecond'));
    for number in 1..preview_schedule.count loop
        exit when (coming.instant <= coalesce(preview_schedule.ends_at, 'infinity')) is not true;
        slot := slot_text(coming, known);
        instant := coming.instant;
        return next;
        coming := next_slot(plan, known, coming);
    end loop;
end;
$$;
