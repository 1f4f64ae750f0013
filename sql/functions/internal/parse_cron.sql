-- parse_cron: a cron expression of five fields, or six: then the first one is the second. Internal:
-- parse_schedule().
--
-- What depends on how a field begins is as Debian's cron has it: where neither day begins with *,
-- one of them will do; where minute or hour (or second) begins with *, real time counts.
--
-- Raises      BT059 it is none.
create or replace function parse_cron(spec text)
returns schedule_plan
language plpgsql
immutable
set search_path from current
as $$
declare
    fields text[] := pg_catalog.string_to_array(
        case lower(parse_cron.spec)
            when '@yearly' then '0 0 1 1 *' when '@annually' then '0 0 1 1 *'
            when '@monthly' then '0 0 1 * *' when '@weekly' then '0 0 * * 0'
            when '@daily' then '0 0 * * *' when '@midnight' then '0 0 * * *'
            when '@hourly' then '0 * * * *' else parse_cron.spec end, ' ');
    plan   schedule_plan;
begin
    if cardinality(fields) = 5 then
        fields := pg_catalog.array_prepend('0', fields);
    elsif cardinality(fields) is distinct from 6 then
        perform refuse_schedule(pg_catalog.format(
            '%s is no schedule: it may be cron with five fields (minute, hour, day of the month, '
            'month, day of the week: ''30 2 * * MON-FRI'') or six (the second before them), '
            '@hourly, @daily, @weekly, @monthly or @yearly, ''every 15 minutes'', ''every 2 days '
            'at 06:30'' or ''on 2026-12-24, 2026-12-31 at 09:00''',
            pg_catalog.quote_literal(pg_catalog.left(parse_cron.spec, 200))));
    end if;
    plan.seconds := cron_field('second', fields[1], 0, 59, null);
    plan.minutes := cron_field('minute', fields[2], 0, 59, null);
    plan.hours := cron_field('hour', fields[3], 0, 23, null);
    plan.days := cron_field('day of the month', fields[4], 1, 31, null);
    plan.months := cron_field('month', fields[5], 1, 12,
        array['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']);
    plan.weekdays := cron_field('day of the week', fields[6], 0, 7,
        array['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']);
    plan.either := pg_catalog.left(fields[4], 1) <> '*' and pg_catalog.left(fields[6], 1) <> '*';
    plan.follows_clock := '*' in (pg_catalog.left(fields[1], 1), pg_catalog.left(fields[2], 1),
                                  pg_catalog.left(fields[3], 1));
    return plan;
end;
$$;
