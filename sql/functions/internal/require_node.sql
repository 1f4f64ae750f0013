-- require_node: the node whose session a call shows. Internal: the first thing that each function
-- for nodes does.
--
-- A node whose lease ran out is no more, whether maintain() has seen that yet or not: by then
-- others may have its tasks, and what it did not hear of it must not undo.
--
-- Arguments   session: as register_node() returned it.
-- Returns     the node's row.
-- Raises      BT038 there is no such session, or it has ended. BT032 its machine was revoked.
-- Tables      node, machine: read.
create or replace function require_node(session text)
returns node
language plpgsql
volatile
set search_path from current
as $$
declare
    me         node;
    revoked_by name;
begin
    if require_node.session ~ '^[0-9]{1,18}[.][0-9a-f]{64}$' then
        select n.* into me
          from node n
         where n.id = pg_catalog.split_part(require_node.session, '.', 1)::bigint
           and n.session_hash = pg_catalog.sha256(
                   pg_catalog.convert_to(require_node.session, 'UTF8'::name));
    end if;
    if me.id is null then
        raise exception 'this session is not one of a node that is registered here; call '
            'register_node()'
            using errcode = 'BT038';
    end if;
    select m.revoked_by into revoked_by
      from machine m where m.machine_id = me.machine_id and m.revoked_at is not null;
    if found then
        raise exception 'node % is stopped: % revoked its machine (%)', me.name, revoked_by,
            me.machine_id
            using errcode = 'BT032';
    end if;
    if me.ended_at is not null or me.alive_at + me.lease <= clock_timestamp() then
        raise exception 'node % has ended: %; what it held is handed to others; call '
            'register_node()',
            me.name, node_end(me)
            using errcode = 'BT038';
    end if;
    return me;
end;
$$;
