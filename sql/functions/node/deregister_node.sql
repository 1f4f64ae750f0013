-- deregister_node: the node leaves. What it holds goes back to the others at once, as if it had
-- never been handed out: no attempt is counted.
--
-- Arguments   session: of register_node().
-- Returns     how many tasks went back.
-- Raises      BT038, BT032 it has ended already, as require_node() says. BT006 the transaction's
--             snapshot is fixed.
-- Locks       the node's claims.
-- Tables      node: update. task_claim: read. The tasks': see hand_back().
-- Access: node
create or replace function deregister_node(session text)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    me    node := require_node(deregister_node.session);
    held  bigint;
    tasks integer := 0;
begin
    perform require_read_committed('deregister_node');
    update node n set ended_at = clock_timestamp() where n.id = me.id and n.ended_at is null;
    for held in
        select c.id from task_claim c where c.node = me.id order by c.id for update
    loop
        tasks := tasks + hand_back(held, false);
    end loop;
    return tasks;
end;
$$;
