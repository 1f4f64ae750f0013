-- forget_sleepers: nodes that ended need no waking; where nobody sleeps any more, enqueue() need
-- not look for whom to wake. Internal: maintain().
--
-- Tables      node_asleep: read, delete. node: read.
create or replace function forget_sleepers()
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
begin
    if pg_catalog.pg_sequence_last_value('task_doorbell') is null then
        return;
    end if;
    delete from node_asleep a
     where exists (select from node n where n.id = a.node and n.ended_at is not null);
    if not exists (select from node_asleep) then
        perform pg_catalog.setval('task_doorbell', 1, false);
    end if;
end;
$$;
