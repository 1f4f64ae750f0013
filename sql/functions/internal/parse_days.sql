-- parse_days: a spec in words: every so often, every so many days, or on certain days. Internal:
-- parse_schedule().
--
-- Arguments   spec: in small letters. starts_at: from which it is counted; null: from 1970 on,
--             weeks from its first Monday. zone: whose days.
-- Returns     null where it is none of these.
-- Raises      BT059 a number, time or date in it is none.
create or replace function parse_days(spec text, starts_at timestamptz, zone text)
returns schedule_plan
language plpgsql
immutable
set search_path from current
as $$
declare
    part  text[] := pg_catalog.regexp_match(parse_days.spec,
        '^every (?:([0-9]{1,9}) )?(second|minute|hour|day|week)s?(?: at ([^ ]+))?$');
    count constant bigint := coalesce(part[1], '1')::bigint;
    plan  schedule_plan;
    clock time;
begin
    if part is null then
        part := pg_catalog.regexp_match(
            parse_days.spec || ' ',
            '^on ((?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[, ]+)+)(?:at ([^ ]+) )?$');
        if part is null then
            return null;
        end if;
        plan.dates := array(select distinct d.day::date
                              from pg_catalog.regexp_split_to_table(btrim(part[1], ', '),
                                                               '[, ]+') as d (day));
        part := array[null, null, part[2]];
    elsif part[2] in ('second', 'minute', 'hour') then
        plan.every_seconds := count * case part[2] when 'second' then 1 when 'minute' then 60
                                                   else 3600 end;
        plan.follows_clock := true;
        plan.first_at := coalesce(parse_days.starts_at, 'epoch');
        if plan.every_seconds between 1 and 315360000 and part[3] is null then
            return plan;
        end if;
        perform refuse_schedule(pg_catalog.format(
            '''%s'' is no schedule: seconds, minutes and hours are counted from 1 to ten years, '
            'without a time of the day', parse_days.spec));
    else
        plan.every_days := least(count, 100000) * case part[2] when 'week' then 7 else 1 end;
        plan.first_day := coalesce(
            (parse_days.starts_at at time zone parse_days.zone)::date,
            case part[2] when 'week' then date '1970-01-05' else date '1970-01-01' end);
    end if;
    clock := coalesce(part[3], '00:00')::time;
    if plan.every_days not between 1 and 36525 or cardinality(plan.dates) not between 1 and 1000
       or coalesce(part[3], '00:00') !~ '^[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?$' or clock = '24:00'
    then
        raise datetime_field_overflow;
    end if;
    plan.follows_clock := false;
    plan.seconds := 1::bigint << extract(second from clock)::integer;
    plan.minutes := 1::bigint << extract(minute from clock)::integer;
    plan.hours := 1::bigint << extract(hour from clock)::integer;
    return plan;
exception when data_exception then
    perform refuse_schedule(pg_catalog.format(
        '''%s'' is no schedule: days are counted from 1 to a century, dates are like 2026-12-24, '
        'and a time of the day is like 06:30 or 06:30:15', pg_catalog.left(parse_days.spec, 200)));
end;
$$;
