-- queues: what waits of each handler, and how its tasks came along of late. For `baton queues`.
--
-- Arguments   since: for how long the rates and times are looked at; see statistics().
-- Returns     one row for each handler, by name.
--   waiting, due, in_lanes, claimed, oldest_seconds, dead  see handlers(): each is counted up to a
--                bound.
--   done, failed, lost, per_second, error_rate, wait_..., run_...  see statistics(). Null where
--                there was none.
-- Raises      BT042 since is no time.
-- Cost        of what is counted up to its bounds, and of buckets; not of history.
-- Tables      handler: read.
-- Access: observe, orchestrate
create or replace function queues(
    since timestamptz default clock_timestamp() - interval '10 minutes')
returns table (
    name           text,
    waiting        integer,
    oldest_seconds numeric,
    due            integer,
    in_lanes       integer,
    claimed        integer,
    dead           integer,
    is_paused      boolean,
    done           bigint,
    failed         bigint,
    lost           bigint,
    per_second     numeric,
    error_rate     numeric,
    wait_p50       numeric,
    wait_p95       numeric,
    wait_p99       numeric,
    run_p50        numeric,
    run_p95        numeric,
    run_p99        numeric
)
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    select h.name, coalesce(p.waiting, 0),
           round(extract(epoch from clock_timestamp() - p.oldest)), coalesce(p.due, 0),
           coalesce(p.in_lanes, 0), coalesce(p.claimed, 0), coalesce(d.dead, 0),
           h.paused_at is not null, s.done, s.failed, s.lost, s.per_second, s.error_rate,
           s.wait_p50, s.wait_p95, s.wait_p99, s.run_p50, s.run_p95, s.run_p99
      from handler h
      left join pending_by_handler() as p on p.handler = h.name
      left join dead_by_handler() as d on d.handler = h.name
      left join statistics('queue', queues.since) as s on s.name = h.name
     order by h.name;
$$;
