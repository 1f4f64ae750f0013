-- ring_nodes: wake nodes that sleep and can do tasks of a requirement. Internal: add_event_tasks(),
-- add_members(), bring_back(), enqueue(), enqueue_many(), enter_lanes(), make_step_tasks(),
-- place_task(), ring_for_waiting(), stamp_tasks(), where somebody sleeps at all.
--
-- As many as there are tasks, up to 16; who wakes and finds more than it can do leaves the others
-- asleep until maintain() rings for what waits still. Which ones, chance says, so that what comes
-- in a burst does not all ring at one door. Nothing is locked or written: a node that was rung says
-- by itself that it is awake.
--
-- Arguments   needs: the requirement. tasks: how many there are.
-- Returns     how many it woke.
-- Notifies    the channels of these nodes.
-- Tables      node_asleep, node, node_handler, handler_version, requirement: read.
create or replace function ring_nodes(needs integer, tasks bigint)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    wanted  record;
    oldest  bigint;
    start   bigint;
    sleeper bigint;
    rung    integer := 0;
begin
    -- What a node must have for it is the version that does it.
    select r.handler, v.version, r.labels, coalesce(r.build, v.build) as build into wanted
      from requirement r
      join handler_version made on made.handler = r.handler and made.version = r.version
      join handler_version v
        on v.handler = r.handler
       and v.version = case when r.build is null then made.runs_as else r.version end
     where r.id = ring_nodes.needs;
    select min(a.node), min(a.node) + pg_catalog.floor(
               pg_catalog.random() * (max(a.node) - min(a.node) + 1))::bigint
      into oldest, start
      from node_asleep a where a.handler = wanted.handler;
    if oldest is null then
        return 0;
    end if;
    -- One by one, because most often the first one will do.
    for sleeper in
        select a.node
          from (
            (select x.node from node_asleep x
              where x.handler = wanted.handler and x.node >= start order by x.node)
            union all
            (select x.node from node_asleep x
              where x.handler = wanted.handler and x.node < start order by x.node)) as a
    loop
        continue when not exists (
            select from node n
              join node_handler c
                on c.node = n.id and c.handler = wanted.handler and c.version = wanted.version
               and c.build = wanted.build
             where n.id = sleeper and n.ended_at is null and n.paused_at is null
               and wanted.labels <@ n.labels);
        perform pg_catalog.pg_notify(node_channel(sleeper), '');
        rung := rung + 1;
        exit when rung >= least(ring_nodes.tasks, 16);
    end loop;
    return rung;
end;
$$;
