-- percentile: the time within which a share of what a histogram counts was. Internal: statistics().
--
-- Arguments   histogram: counts by duration_step(). share: 0.5 for the median.
-- Returns     seconds, off by 8.7% at most: see step_seconds(). Null where nothing was counted.
create or replace function percentile(histogram bigint[], share double precision)
returns numeric
language sql
immutable
set search_path from current
as $$
    with counted as (
        select h.ordinal, sum(h.count) over (order by h.ordinal) as up_to,
               sum(h.count) over () as total
          from pg_catalog.unnest(percentile.histogram) with ordinality as h (count, ordinal)
    )
    select round(step_seconds((min(c.ordinal) - 1)::integer)::numeric, 4)
      from counted c
     where c.total > 0 and c.up_to >= greatest(1, ceil(percentile.share * c.total));
$$;
