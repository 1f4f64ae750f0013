-- resume_node: a node that was paused gets tasks again.
--
-- Arguments   node: its name; see pause_node().
-- Returns     how many go on; 0 where none was paused.
-- Raises      BT042 there is no live node of that name.
-- Notifies    them.
-- Tables      node: update.
-- Access: orchestrate
create or replace function resume_node(node text)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    count integer;
begin
    perform require_live_node(resume_node.node);
    with resumed as (
        update node n
           set paused_at = null, paused_by = null, pause_reason = null
         where n.name = resume_node.node and is_live(n) and n.paused_at is not null
        returning n.id
    )
    select count(pg_catalog.pg_notify(node_channel(r.id), '')) into count from resumed r;
    return count;
end;
$$;
