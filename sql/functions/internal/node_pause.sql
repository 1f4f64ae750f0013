-- node_pause: that a node is paused, as people read it. Internal: nodes(), requirement_lack().
--
-- Arguments   n: the node's row.
-- Returns     null where it is not.
create or replace function node_pause(n node)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format('paused since %s, by %s%s', date_trunc('second', n.paused_at),
                             n.paused_by, coalesce(': ' || n.pause_reason, ''))
     where n.paused_at is not null;
$$;
