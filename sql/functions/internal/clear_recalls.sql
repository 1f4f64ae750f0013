-- clear_recalls: delete what nodes need not hear any more of tasks that were cancelled: heartbeat()
-- says it for two leases, and whoever has ended is told nothing; and what they said by progress()
-- of tasks that they have no more, or by extend(). Internal: maintain().
--
-- Tables      task_recall, task_progress, task_extension: delete. node, task_claim: read.
create or replace function clear_recalls()
returns void
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    delete from task_recall r
     where not exists (select from node n
                        where n.id = r.node and n.ended_at is null
                          and r.recalled_at + 2 * n.lease > clock_timestamp());
    delete from task_extension x
     where x.ends_at < clock_timestamp()
        or not exists (select from task_claim c
                        where c.id = x.claim and x.task <> all (c.returned));
    delete from task_progress p
     where not exists (select from task_claim c
                        where c.id = p.claim and p.task <> all (c.returned));
$$;
