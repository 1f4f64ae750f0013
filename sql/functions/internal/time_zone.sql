-- time_zone: the name of a time zone as the zone data spell it. Internal: preview_schedule(),
-- schedule().
--
-- AT TIME ZONE takes more: abbreviations, which it prefers to names (so CET would have no summer),
-- and rules of POSIX. Those are refused, because they are not what somebody means who says them.
--
-- Raises      BT059 there is none of that name.
-- Tables      schedule: read.
-- Cost        some milliseconds, where there is no schedule of it: it reads all zones.
create or replace function time_zone(zone text)
returns text
language plpgsql
stable
set search_path from current
as $$
declare
    found text;
begin
    if upper(time_zone.zone) in ('UTC', 'GMT') then
        return upper(time_zone.zone);
    elsif exists (select from schedule s where s.zone = time_zone.zone) then
        return time_zone.zone;
    end if;
    select z.name into found
      from pg_catalog.pg_timezone_names z
     where lower(z.name) = lower(time_zone.zone) and z.name !~* '^(posix|right)/'
       and z.name not in ('localtime', 'posixrules', 'Factory')
       and not exists (select from pg_catalog.pg_timezone_abbrevs a
                        where upper(a.abbrev) = upper(z.name))
     limit 1;
    if found is null then
        perform refuse_schedule(pg_catalog.format(
            '%s is no time zone here: say one as Europe/Berlin, or UTC',
            coalesce(pg_catalog.quote_literal(pg_catalog.left(time_zone.zone, 80)), 'null')));
    end if;
    return found;
end;
$$;
