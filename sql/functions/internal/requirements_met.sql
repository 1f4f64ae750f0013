-- requirements_met: what a node can carry out of a handler's tasks. Internal: take_tasks().
--
-- Its versions count in the build that is on record of each: in development another one can come to
-- be that. Of a handler that is paused, nothing.
--
-- Arguments   node, labels: whose. handler: which.
-- Returns     numbers of requirements.
-- Tables      node_handler, handler_version, requirement, handler: read.
create or replace function requirements_met(node bigint, handler text, labels text[])
returns setof integer
language sql
stable
rows 3
set search_path from current
as $$
    select r.id
      from node_handler c
      join handler_version v
        on v.handler = c.handler and v.version = c.version and v.build = c.build
      join requirement r on r.handler = c.handler and r.version = c.version
      join handler h on h.name = c.handler
     where c.node = requirements_met.node and c.handler = requirements_met.handler
       and r.labels <@ requirements_met.labels and h.paused_at is null;
$$;
