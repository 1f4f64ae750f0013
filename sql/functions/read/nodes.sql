-- nodes: the nodes that are here, and those that ended and were not cleared away yet. For `baton
-- nodes`.
--
-- Returns     the live ones first, the latest registered first.
--   handlers       [{handler, version, build, counts}]: counts: the build is the one on record, so
--                  that the node gets tasks of it.
--   alive_seconds  since it registered; until it ended.
--   lease_left     seconds, if nothing more is heard; below 0: it is silent.
--   state          live; paused: it gets nothing more, see pause_node(); or ended: it can do
--                  nothing more. end_reason: why it is paused or ended.
--   held, started  tasks that it has, and those of them that a handler started with.
-- Cost        of held_now().
-- Tables      node, machine, node_handler, handler_version: read.
-- Access: observe, orchestrate
create or replace function nodes()
returns table (
    id            bigint,
    name          text,
    machine_id    text,
    machine       text,
    login         name,
    labels        text[],
    handlers      jsonb,
    registered_at timestamptz,
    alive_seconds numeric,
    lease_left    numeric,
    state         text,
    end_reason    text,
    ended_at      timestamptz,
    held          integer,
    started       integer
)
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    with holding as materialized (
        select h.node, count(*) as held, count(*) filter (where h.started) as started
          from held_now(null::bigint[]) as h
         group by h.node
    )
    select n.id, n.name, n.machine_id, m.name, n.login, n.labels, coalesce(c.handlers, '[]'),
           n.registered_at,
           round(extract(epoch from coalesce(n.ended_at, clock_timestamp()) - n.registered_at)),
           case when n.ended_at is null
                then round(extract(epoch from n.alive_at + n.lease - clock_timestamp()), 1) end,
           case when over.reason is not null then 'ended'
                when n.paused_at is not null then 'paused' else 'live' end,
           coalesce(over.reason, node_pause(n)), n.ended_at,
           coalesce(h.held, 0)::integer, coalesce(h.started, 0)::integer
      from node n
     cross join lateral node_end(n) as over (reason)
      left join machine m on m.machine_id = n.machine_id
      left join holding h on h.node = n.id
      left join lateral (
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'handler', o.handler, 'version', o.version, 'build', o.build,
                   'counts', o.build = v.build) order by o.handler, o.version) as handlers
          from node_handler o
          join handler_version v on v.handler = o.handler and v.version = o.version
         where o.node = n.id) as c on true
     order by over.reason is not null, n.id desc;
$$;
