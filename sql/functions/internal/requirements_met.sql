-- requirements_met: what a node can carry out of a handler's tasks, and as which version. Internal:
-- claim().
--
-- Its versions count in the build that is on record of each: in development another one can come to
-- be that. A version does the tasks that run as it, whichever they were made for: see
-- stamp_tasks(). What is pinned is done by the very version and build that the node carries, and by
-- nothing else. Of a handler that is paused, nothing. In PL/pgSQL, which keeps the plan: each claim
-- asks.
--
-- Arguments   node, labels: whose. handler: which.
-- Returns     numbers of requirements, each once, with the version that the node does them as, and
--             whether they are pinned. is_limited: the handler has a limit, see running_room().
--             is_fair: see share_lanes().
-- Tables      node_handler, handler_version, requirement, handler: read.
create or replace function requirements_met(node bigint, handler text, labels text[])
returns table (requirement integer, version integer, is_pinned boolean, is_limited boolean,
              is_fair boolean)
language plpgsql
stable
rows 3
set search_path from current
as $$
#variable_conflict use_column
begin
    return query
        select r.id, c.version, false, coalesce(h.running_max, h.rate_max) is not null, h.is_fair
          from node_handler c
          join handler_version v
            on v.handler = c.handler and v.version = c.version and v.build = c.build
          join handler_version made on made.handler = c.handler and made.runs_as = c.version
          join requirement r on r.handler = made.handler and r.version = made.version
          join handler h on h.name = c.handler
         where c.node = requirements_met.node and c.handler = requirements_met.handler
           and r.build is null and r.labels <@ requirements_met.labels and h.paused_at is null
        union all
        select r.id, r.version, true, coalesce(h.running_max, h.rate_max) is not null, h.is_fair
          from node_handler c
          join requirement r
            on r.handler = c.handler and r.version = c.version and r.build = c.build
          join handler h on h.name = c.handler
         where c.node = requirements_met.node and c.handler = requirements_met.handler
           and r.labels <@ requirements_met.labels and h.paused_at is null;
end;
$$;
