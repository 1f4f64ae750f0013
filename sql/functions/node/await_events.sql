-- await_events: a node that follows the log wants to be woken where that has grown.
--
-- First LISTEN on the channel, then say this, then look with read_follow(), then wait. What was
-- about to be recorded when this is said for the first time may not ring: so look every now and
-- then, too, and say this again.
--
-- Arguments   session: of register_node().
-- Returns     the channel, for LISTEN; the same each time.
-- Raises      BT038, BT032 the node has ended, as require_node() says.
-- Tables      follower: insert.
-- Access: node
create or replace function await_events(session text)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    me node := require_node(await_events.session);
begin
    -- Only where it is not said yet: each call would be a write.
    if not exists (select from follower f where f.node = me.id) then
        insert into follower (node) values (me.id) on conflict do nothing;
    end if;
    if pg_catalog.pg_sequence_last_value('follower_doorbell') is null then
        perform pg_catalog.setval('follower_doorbell', 1, true);
    end if;
    return log_channel();
end;
$$;
