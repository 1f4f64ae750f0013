-- node_end: why a node is no more. Internal: nodes(), require_node(), why_claimed().
--
-- Arguments   n: the node's row.
-- Returns     a part of a sentence, "it was deregistered"; null where it lives.
-- Tables      machine: read.
create or replace function node_end(n node)
returns text
language sql
stable
set search_path from current
as $$
    select case
        when is_live(n) then null
        when m.revoked_by is not null
        then pg_catalog.format('%s revoked its machine', m.revoked_by)
        when n.alive_at + n.lease <= coalesce(n.ended_at, clock_timestamp())
        then pg_catalog.format('it gave no sign of life for %s', n.lease)
        else 'it was deregistered' end
      from (select) as one
      left join machine m on m.machine_id = n.machine_id and m.revoked_at is not null;
$$;
