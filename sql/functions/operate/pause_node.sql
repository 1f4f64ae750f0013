-- pause_node: from now on a node gets no task any more, of whatever handler. What it has by now it
-- goes on with. It lasts until resume_node(), or the node registers anew.
--
-- Arguments   node: its name, as `baton nodes` shows it; all live ones of that name. reason: for
--             people to read.
-- Returns     how many were paused; of one that was before it stays since when and by whom.
-- Raises      BT042 there is no live node of that name.
-- Tables      node: update.
-- Access: orchestrate
create or replace function pause_node(node text, reason text default null)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    count integer;
begin
    perform require_live_node(pause_node.node);
    update node n
       set paused_at = clock_timestamp(), paused_by = session_user,
           pause_reason = pg_catalog.left(pause_node.reason, 1000)
     where n.name = pause_node.node and is_live(n) and n.paused_at is null;
    get diagnostics count = row_count;
    return count;
end;
$$;
