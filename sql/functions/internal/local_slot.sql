-- local_slot: the first time of a plan of the calendar that is not before another, by a clock that
-- is never set. Internal: clock_slot(), next_slot(), slot_after().
--
-- Arguments   lowest: in whole seconds.
-- Returns     null where there is none.
create or replace function local_slot(plan schedule_plan, lowest timestamp)
returns timestamp
language plpgsql
immutable
set search_path from current
as $$
declare
    day    date := plan_day(plan, local_slot.lowest::date);
    clock  constant time := case when day = local_slot.lowest::date then local_slot.lowest::time
                                 else '00:00' end;
    hour   integer := extract(hour from clock);
    minute integer := extract(minute from clock);
    second integer := extract(second from clock);
    found  integer;
begin
    while day is not null loop
        found := next_bit(plan.hours, hour);
        if found is null then
            day := plan_day(plan, day + 1);
            hour := 0;
            minute := 0;
            second := 0;
            continue;
        elsif found > hour then
            hour := found;
            minute := 0;
            second := 0;
        end if;
        found := next_bit(plan.minutes, minute);
        if found > minute then
            minute := found;
            second := 0;
        end if;
        if found is not null then
            found := next_bit(plan.seconds, second);
            if found is not null then
                return day + pg_catalog.make_time(hour, minute, found);
            end if;
            minute := minute + 1;
            second := 0;
        else
            hour := hour + 1;
            minute := 0;
            second := 0;
        end if;
    end loop;
    return null;
end;
$$;
