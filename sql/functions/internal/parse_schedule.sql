-- parse_schedule: what a spec means. Internal: preview_schedule(), schedule().
--
-- Arguments   spec: cron with five or six fields, '@daily', 'every 15 minutes', 'every 2 days at
--             06:30', 'on 2026-12-24 at 09:00'. starts_at: of the schedule, or null. zone: as
--             time_zone() gives it.
-- Raises      BT059 it is none; or it never comes: the 30th of February.
create or replace function parse_schedule(spec text, starts_at timestamptz, zone text)
returns schedule_plan
language plpgsql
immutable
set search_path from current
as $$
declare
    words constant text := btrim(
        pg_catalog.regexp_replace(parse_schedule.spec, '[[:space:]]+', ' ', 'g'));
    plan  schedule_plan;
begin
    if octet_length(parse_schedule.spec) <= 10000 is not true then
        perform refuse_schedule('a schedule''s spec is a text of at most 10000 bytes');
    end if;
    if lower(words) = '@reboot' then
        perform refuse_schedule('@reboot is no schedule here: a database has no time at which its '
                                'nodes start');
    end if;
    plan := parse_days(lower(words), parse_schedule.starts_at, parse_schedule.zone);
    if plan.follows_clock is not null then
        return plan;
    end if;
    plan := parse_cron(words);
    if plan_day(plan, date '2000-01-01') is null then
        perform refuse_schedule(pg_catalog.format(
            '%s never comes: there is no such day', pg_catalog.quote_literal(words)));
    end if;
    return plan;
end;
$$;
