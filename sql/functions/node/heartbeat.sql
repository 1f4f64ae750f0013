-- heartbeat: the node lives. Call it three times in each lease, also while handlers work.
--
-- One row changes, however many tasks the node holds, and an index is looked into that is empty
-- unless something was cancelled.
--
-- Arguments   session: of register_node().
-- Returns     the tokens of this node's whose tasks were cancelled while it held them, or taken
--             away because they ran for too long (end_long_runs()), within the last two leases, so
--             each is said several times: stop what runs with it. What the node says of the task is
--             refused, whether it has heard of that or not.
-- Raises      BT038 the node has ended: what it held is handed to others; stop what runs. BT032 its
--             machine was revoked: likewise.
-- Tables      node: update. task_recall: read.
-- Access: node
create or replace function heartbeat(session text)
returns setof text
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    me node := require_node(heartbeat.session);
begin
    update node n
       set alive_at = clock_timestamp()
     where n.id = me.id and n.ended_at is null and n.alive_at + n.lease > clock_timestamp();
    if not found then
        -- It ended just now: the same look says how.
        perform require_node(heartbeat.session);
    end if;
    return query
        select r.task::text || '.' || r.claim::text
          from task_recall r
         where r.node = me.id
         order by r.recalled_at, r.task;
end;
$$;
