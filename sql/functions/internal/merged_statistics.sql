-- merged_statistics: rows for the same bucket, subject, name, version and tenant as one. Internal:
-- count_events(), count_tasks(), roll_statistics(), statistics().
--
-- Arguments   counted: rows, several of which may be for the same.
-- Returns     one row for each.
create or replace function merged_statistics(counted statistic[])
returns statistic[]
language sql
stable
set search_path from current
set jit = off
as $$
    with given as materialized (
        select c.* from pg_catalog.unnest(merged_statistics.counted) as c
    ), part as (
        select g.subject, g.is_hourly, g.bucket_at, g.name, g.version, g.tenant, g.made, g.done,
               g.failed, g.lost, g.dead, g.cancelled, null as measure, null::integer as step,
               null::bigint as count
          from given g
         union all
        select g.subject, g.is_hourly, g.bucket_at, g.name, g.version, g.tenant, 0, 0, 0, 0, 0, 0,
               m.measure, h.ordinal::integer - 1, h.count
          from given g
         cross join lateral (values ('waited', g.waited), ('ran', g.ran))
               as m (measure, histogram)
         cross join lateral pg_catalog.unnest(m.histogram) with ordinality as h (count, ordinal)
         where h.count > 0
    )
    select array(
        select row(p.subject, p.is_hourly, p.bucket_at, p.name, p.version, p.tenant,
                   sum(p.made)::bigint, sum(p.done)::bigint, sum(p.failed)::bigint,
                   sum(p.lost)::bigint, sum(p.dead)::bigint, sum(p.cancelled)::bigint,
                   histogram_of(pg_catalog.array_agg(p.step) filter (where p.measure = 'waited'),
                                pg_catalog.array_agg(p.count) filter (where p.measure = 'waited')),
                   histogram_of(pg_catalog.array_agg(p.step) filter (where p.measure = 'ran'),
                                pg_catalog.array_agg(p.count) filter (where p.measure = 'ran'))
               )::statistic
          from part p
         group by p.subject, p.is_hourly, p.bucket_at, p.name, p.version, p.tenant);
$$;
