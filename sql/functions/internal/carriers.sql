-- carriers: the live nodes that carry a version of a handler, in the build that is on record.
-- Internal: handler_obstacle(), handler_versions(), promote_workflow().
--
-- Arguments   handler, version: which.
-- Returns     their names, in order.
-- Tables      node, node_handler, handler_version: read.
create or replace function carriers(handler text, version integer)
returns setof text
language sql
stable
set search_path from current
as $$
    select n.name
      from handler_version v
      join node_handler c
        on c.handler = v.handler and c.version = v.version and c.build = v.build
      join node n on n.id = c.node
     where v.handler = carriers.handler and v.version = carriers.version and is_live(n)
     order by n.name, n.id;
$$;
