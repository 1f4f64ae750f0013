-- is_live: whether a node is believed to be there, as require_node() judges it. Internal.
--
-- Arguments   n: the node's row.
create or replace function is_live(n node)
returns boolean
language sql
stable
set search_path from current
as $$
    select n.ended_at is null and n.alive_at + n.lease > clock_timestamp();
$$;
