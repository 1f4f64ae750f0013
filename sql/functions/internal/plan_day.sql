-- plan_day: the first day of a plan of the calendar, not before another one. Internal:
-- clock_slot(), local_slot(), parse_schedule().
--
-- Returns     null where there is none within 50 years.
-- Cost        of each day that it passes by, but for months that are none of the plan's.
create or replace function plan_day(plan schedule_plan, lowest date)
returns date
language plpgsql
immutable
set search_path from current
as $$
declare
    day      date := plan_day.lowest;
    -- Days of the month, from 0 on, and how many follow.
    number   integer;
    after    integer;
    weekday  integer;
    by_month boolean;
    by_week  boolean;
begin
    if plan.dates is not null then
        return (select min(d.day) from pg_catalog.unnest(plan.dates) as d (day)
                 where d.day >= plan_day.lowest);
    elsif plan.every_days is not null then
        day := greatest(day, plan.first_day);
        return day + (plan.every_days - (day - plan.first_day) % plan.every_days) % plan.every_days;
    end if;
    while day < plan_day.lowest + 18300 loop
        after := (pg_catalog.date_trunc('month', day::timestamp) + interval '1 month')::date - day;
        if (plan.months >> extract(month from day)::integer) & 1 = 0 then
            day := day + after;
            continue;
        end if;
        number := extract(day from day)::integer - 1;
        weekday := extract(dow from day)::integer;
        by_month := ((plan.days >> (number + 1)) | (plan.days >> (31 + after))) & 1 = 1;
        by_week := ((plan.weekdays >> weekday)
                    | (plan.weekdays >> (8 + 7 * (number / 7) + weekday))) & 1 = 1
                   or after <= 7 and (plan.weekdays >> (43 + weekday)) & 1 = 1;
        if plan.either and (by_month or by_week) or by_month and by_week then
            return day;
        end if;
        day := day + 1;
    end loop;
    return null;
end;
$$;
