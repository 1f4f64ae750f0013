-- heartbeat: the node lives. Call it three times in each lease, also while handlers work.
--
-- One row changes, however many tasks the node holds.
--
-- Arguments   session: of register_node().
-- Returns     the end of the lease, if nothing more is heard.
-- Raises      BT038 the node has ended: what it held is handed to others; stop what runs. BT032 its
--             machine was revoked: likewise.
-- Tables      node: update.
-- Access: node
create or replace function heartbeat(session text)
returns timestamptz
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    me         node := require_node(heartbeat.session);
    lease_ends timestamptz;
begin
    update node n
       set alive_at = clock_timestamp()
     where n.id = me.id and n.ended_at is null and n.alive_at + n.lease > clock_timestamp()
    returning n.alive_at + n.lease into lease_ends;
    if lease_ends is null then
        -- It ended just now: the same look says how.
        perform require_node(heartbeat.session);
    end if;
    return lease_ends;
end;
$$;
