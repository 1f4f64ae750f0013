-- count_events: count the events of the log that were not counted yet, by type and tenant.
-- Internal: keep_statistics().
--
-- It goes through the recorded batches from a position on: what is committed late is in a later
-- batch, so nothing is passed over, and the position moves in the transaction that counts.
--
-- Arguments   at_most: whole batches, until they have so many events.
-- Returns     how many it counted.
-- Tables      statistic_progress: read, update. batch: read. statistic: see add_statistics(). The
--             log: see log_slice().
create or replace function count_events(at_most integer)
returns bigint
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    former  constant bigint := (select p.position from statistic_progress p where p.only_row);
    reached bigint := former;
    part    record;
    parts   statistic[];
    counted statistic[] := '{}';
begin
    for part in select * from log_parts(former) loop
        exit when reached - former >= count_events.at_most;
        continue when part.skip >= part.count;
        with read as (
            select e.type, coalesce(e.tenant, '') as tenant, e.dispatched_at
              from log_slice(part.floor_id, part.floor_xid, part.seen_before, part.seen,
                             part.last_id, part.stragglers, part.after_id, part.count) as e
             order by e.id
             limit part.count
        ), spans as (
            select r.type, r.tenant, duration_step(b.recorded_at - r.dispatched_at) as step,
                   count(*) as events, b.recorded_at
              from read r
             cross join (select b.recorded_at from batch b
                          where b.first_position = part.first_position) as b
             group by r.type, r.tenant, step, b.recorded_at
        )
        select pg_catalog.array_agg(t.one) into parts
          from (select row('event', false, pg_catalog.date_trunc('minute', s.recorded_at), s.type,
                           0, s.tenant, sum(s.events)::bigint, 0, 0, 0, 0, 0,
                           histogram_of(pg_catalog.array_agg(s.step),
                                        pg_catalog.array_agg(s.events)),
                           '{}'::bigint[])::statistic as one
                  from spans s
                 group by s.recorded_at, s.type, s.tenant) as t;
        counted := counted || parts;
        reached := part.first_position + part.count - 1;
    end loop;
    if reached > former then
        perform add_statistics(merged_statistics(counted));
        update statistic_progress set position = reached where only_row;
    end if;
    return reached - former;
end;
$$;
