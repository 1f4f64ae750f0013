-- release_many: hand tasks back that no handler started with, or that one stopped with in order:
-- others get them at once, and neither an attempt nor a delivery is counted.
--
-- Arguments   session: of register_node(). tokens: of claim().
-- Returns     how many went back; a token whose task is this claim's no more changes nothing.
-- Raises      BT038, BT032 the node has ended, as require_node() says. BT006 the transaction's
--             snapshot is fixed.
-- Locks       the claims, until the transaction ends.
-- Tables      task_claim: update. task_ready: insert. task, task_end: read.
-- Access: node
create or replace function release_many(session text, tokens text[])
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    me   node := require_node(release_many.session);
    held record;
    went integer := 0;
begin
    perform require_read_committed('release_many');
    perform lock_claims(me.id, release_many.tokens);
    for held in
        select h.task, h.claim, h.attempts, h.deliveries, t.requirement, t.priority
          from held_tasks(me.id, release_many.tokens) as h
          join task t on t.id = h.task
         order by h.ordinal
    loop
        update task_claim c
           set returned = c.returned || held.task
         where c.id = held.claim and held.task <> all (c.returned)
           and not exists (select from task_end e where e.task = held.task);
        continue when not found;
        insert into task_ready (requirement, rank, place, task, attempts, deliveries)
        values (held.requirement, ready_rank(held.priority, true),
                pg_catalog.nextval('task_place'), held.task, held.attempts, held.deliveries);
        went := went + 1;
    end loop;
    return went;
end;
$$;
