-- hand_back: end a claim; what it still holds goes back to the others. Internal: deregister_node(),
-- maintain().
--
-- The caller has locked the claim, in a statement before this one: so what its tasks came to, by
-- whoever had it locked until then, is seen here.
--
-- Arguments   claim: which. is_lost: the node went away without a word, so that the attempts that
--             started count, and the deliveries do.
-- Returns     how many tasks went back.
-- Tables      task_claim: delete. task_ready: insert. task, task_end, requirement, handler: read.
--             task_failure, task_due: see note_failure().
create or replace function hand_back(claim bigint, is_lost boolean)
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    ended task_claim;
    held  record;
    tasks integer := 0;
    limit_of_deliveries integer;
begin
    delete from task_claim c where c.id = hand_back.claim returning c.* into ended;
    for held in
        select h.task, h.attempts, h.deliveries, t.requirement, t.priority,
               h.task = any (ended.started) as has_started
          from unnest(ended.tasks, ended.attempts, ended.deliveries)
               as h (task, attempts, deliveries)
          join task t on t.id = h.task
         where h.task <> all (ended.returned)
           and not exists (select from task_end e where e.task = h.task)
    loop
        tasks := tasks + 1;
        select h.max_deliveries into limit_of_deliveries
          from requirement r join handler h on h.name = r.handler
         where r.id = held.requirement;
        if hand_back.is_lost
           and (held.has_started or held.deliveries + 1 >= limit_of_deliveries)
        then
            perform note_failure(
                held.task, ended.id, ended.node, ended.claimed_at,
                held.attempts - case when held.has_started then 0 else 1 end,
                held.deliveries + 1, 'lost',
                case when held.has_started then 'the node went away while the handler ran'
                     else 'the node went away with it, as often as a task is handed out' end,
                null, false);
        else
            insert into task_ready (requirement, rank, place, task, attempts, deliveries)
            values (held.requirement, ready_rank(held.priority, true),
                    pg_catalog.nextval('task_place'), held.task, held.attempts,
                    held.deliveries + hand_back.is_lost::integer);
        end if;
    end loop;
    return tasks;
end;
$$;
