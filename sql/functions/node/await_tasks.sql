-- await_tasks: say of which handlers this node is to be told that there are tasks, because it found
-- none and sleeps; in place of what it said before.
--
-- Listen on the channel first, then say this, then claim once more: what was enqueued until then is
-- found, and what comes later rings. A transaction that was about to commit just then may not ring:
-- maintain() does for it, within a second. So does nobody where a notice is lost: so a node looks
-- every now and then, too, and says this again.
--
-- Arguments   session: of register_node(). handlers: of which; '{}' while it is busy.
-- Returns     the channel of this node, for LISTEN; the same each time.
-- Raises      BT038, BT032 the node has ended, as require_node() says.
-- Tables      node_asleep: read, insert, delete. node_handler: read.
-- Access: node
create or replace function await_tasks(session text, handlers text[])
returns text
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    me node := require_node(await_tasks.session);
begin
    delete from node_asleep a
     where a.node = me.id and a.handler <> all (await_tasks.handlers);
    insert into node_asleep (handler, node)
    select distinct c.handler, me.id
      from node_handler c
     where c.node = me.id and c.handler = any (await_tasks.handlers)
    on conflict do nothing;
    if await_tasks.handlers <> '{}' then
        -- Only where it is silent: each call would be a write of its own.
        if pg_catalog.pg_sequence_last_value('task_doorbell') is null then
            perform pg_catalog.setval('task_doorbell', 1, true);
        end if;
    elsif not exists (select from node_asleep) then
        perform pg_catalog.setval('task_doorbell', 1, false);
    end if;
    return node_channel(me.id);
end;
$$;
