-- events_per_second: how many events were reduced in each of the last ten seconds. Internal:
-- status().
--
-- Tables    batch: read.
create or replace function events_per_second()
returns numeric
language sql
stable
set search_path from current
as $$
    select round(coalesce(sum(b.count), 0) / 10.0, 1)
      from (select * from batch order by first_position desc limit 10000) as b
     where b.recorded_at > clock_timestamp() - interval '10 seconds';
$$;
