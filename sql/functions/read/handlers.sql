-- handlers: which handlers there are, who carries them, and how their tasks come along. For `baton
-- handlers`.
--
-- Returns     one row for each, by name.
--   versions     [{version, build, live, nodes}]: nodes: how many live ones carry it in that build.
--   event_types  whose events become tasks of the live version.
--   nodes        how many live ones carry the live version in its build.
--   waiting, due, in_lanes, claimed  see pending_by_handler(); dead: see dead_by_handler(). What is
--                counted has bounds, which those say.
--   oldest_seconds  for how long the first of the waiting ones has been there.
--   rate_max, rate_per  see limit_rate(). is_fair: see set_fairness().
--   running_max  see limit_running(). waiting_max, is_full: see limit_waiting(). lane_width,
--                lane_when_dead: see set_lanes().
--   paused_at, paused_by, pause_reason  see pause_handler().
--   per_second, wait_p50, wait_p95, run_p50, run_p95  see ended_by_handler().
-- Cost        of what is counted, however much more there is.
-- Tables      handler, handler_version, handler_event, node, node_handler: read.
-- Access: observe, orchestrate
create or replace function handlers()
returns table (
    name           text,
    live_version   integer,
    versions       jsonb,
    event_types    text[],
    nodes          integer,
    waiting        integer,
    oldest_seconds numeric,
    due            integer,
    in_lanes       integer,
    claimed        integer,
    dead           integer,
    per_second     numeric,
    wait_p50       numeric,
    wait_p95       numeric,
    run_p50        numeric,
    run_p95        numeric,
    paused_at      timestamptz,
    paused_by      name,
    pause_reason   text,
    running_max    integer,
    waiting_max    integer,
    is_full        boolean,
    lane_width     integer,
    lane_when_dead text,
    rate_max       integer,
    rate_per       interval,
    is_fair        boolean
)
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    with carried as materialized (
        select v.handler, v.version, v.build, count(n.id)::integer as nodes
          from handler_version v
          left join node_handler c
            on c.handler = v.handler and c.version = v.version and c.build = v.build
          left join node n on n.id = c.node and is_live(n)
         group by v.handler, v.version
    )
    select h.name, h.live_version,
           (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                       'version', c.version, 'build', c.build,
                       'live', c.version = h.live_version, 'nodes', c.nodes) order by c.version)
              from carried c where c.handler = h.name),
           array(select s.type from handler_event s
                  where s.handler = h.name and s.version = h.live_version order by s.type),
           l.nodes, p.waiting,
           round(extract(epoch from clock_timestamp() - p.oldest)), p.due, p.in_lanes,
           p.claimed, coalesce(d.dead, 0), coalesce(e.per_second, 0), e.wait_p50, e.wait_p95,
           e.run_p50, e.run_p95, h.paused_at, h.paused_by, h.pause_reason, h.running_max,
           h.waiting_max, h.is_full, h.lane_width, h.lane_when_dead, h.rate_max,
           h.rate_per, h.is_fair
      from handler h
      join carried l on l.handler = h.name and l.version = h.live_version
      join pending_by_handler() as p on p.handler = h.name
      left join dead_by_handler() as d on d.handler = h.name
      left join ended_by_handler() as e on e.handler = h.name
     order by h.name;
$$;
