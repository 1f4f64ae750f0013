-- clock_slot: the first slot after a time, of a plan that follows real time. Internal:
-- slot_after().
--
-- While the clocks of the zone are not set it is what they would show; so it goes on by spans in
-- which they are not, of a day at most.
--
-- Returns     null where there is none.
create or replace function clock_slot(plan schedule_plan, zone text, after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    start timestamptz := pg_catalog.date_trunc('second', clock_slot.after) + interval '1 second';
    until timestamptz;
    wall  timestamp;
    found timestamp;
    day   date;
begin
    loop
        wall := start at time zone clock_slot.zone;
        day := plan_day(plan, wall::date);
        if day is null then
            return null;
        elsif day > wall::date + 1 then
            start := (day - 1 + time '12:00') at time zone clock_slot.zone;
            continue;
        end if;
        until := start + interval '24 hours';
        if wall + interval '24 hours' <> until at time zone clock_slot.zone then
            until := offset_change(clock_slot.zone, start, until);
        end if;
        found := local_slot(plan, wall);
        if found < wall + (until - start) then
            return start + (found - wall);
        end if;
        start := until;
    end loop;
end;
$$;
