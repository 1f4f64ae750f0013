-- check_schedules: whether what schedules were planned with is what Postgres has now. Part of
-- doctor().
--
-- Returns     one row of doctor().
-- Tables      schedule: read.
create or replace function check_schedules()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    version constant text := zone_data_version();
    lost    text;
begin
    -- One of each zone, however many schedules have it.
    with recursive zone (name) as (
        select min(s.zone) from schedule s
         union all
        select (select min(s.zone) from schedule s where s.zone > z.name) from zone z
         where z.name is not null
    )
    select string_agg(z.name, ', ') into lost
      from zone z
     where z.name is not null and z.name not in ('UTC', 'GMT')
       and not exists (select from pg_catalog.pg_timezone_names n where n.name = z.name);
    return query select 'schedules', case when lost is null then 'ok' else 'problem' end,
        case when lost is not null
             then 'schedules are of zones that Postgres lacks: ' || lost
             else coalesce('the zone data are version ' || version,
                           'the version of the zone data cannot be known here') end,
        case when lost is not null then 'install the zone data (Debian: tzdata-legacy has the old '
                                        'names), or schedule() them in another zone' end;
end;
$$;
