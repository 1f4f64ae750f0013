-- roll_statistics: make one bucket of an hour of those of its minutes, once they are three hours
-- old, and forget hours after 31 days. Internal: keep_statistics(). The caller has the turn
-- 'maintenance'.
--
-- Arguments   at_most: of how many rows.
-- Returns     whether there may be more to do.
-- Tables      statistic: read, delete. See add_statistics().
create or replace function roll_statistics(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    old    statistic[];
    rolled integer;
begin
    with gone as (
        delete from statistic s
         where s.ctid = any (array(
            select o.ctid from statistic o
             where not o.is_hourly
               and o.bucket_at < (select clock_timestamp()) - interval '3 hours'
             order by o.bucket_at
             limit roll_statistics.at_most))
        returning s.*
    )
    select pg_catalog.array_agg(row(
               g.subject, true, pg_catalog.date_trunc('hour', g.bucket_at, 'UTC'), g.name,
               g.version, g.tenant, g.made, g.done, g.failed, g.lost, g.dead, g.cancelled,
               g.waited, g.ran)::statistic),
           count(*)
      into old, rolled
      from gone g;
    if rolled > 0 then
        perform add_statistics(merged_statistics(old));
    end if;
    delete from statistic s
     where s.ctid = any (array(
        select o.ctid from statistic o
         where o.is_hourly and o.bucket_at < (select clock_timestamp()) - interval '31 days'
         order by o.bucket_at
         limit roll_statistics.at_most));
    return rolled >= roll_statistics.at_most;
end;
$$;
