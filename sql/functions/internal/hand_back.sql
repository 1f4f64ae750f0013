-- hand_back: end a claim; what it still holds goes back to the others. Internal: deregister_node(),
-- discard_tasks(), hand_back_lost().
--
-- The caller has locked the claim, in a statement before this one: so what its tasks came to, by
-- whoever had it locked until then, is seen here.
--
-- Arguments   claim: which. is_lost: the node went away without a word, so that the attempts that
--             started count, and the deliveries do.
-- Returns     how many tasks went back.
-- Tables      task_claim: delete. statistic_claim: insert. task, task_end, requirement, handler:
--             read. task_ready: see bring_back(). task_failure, task_due: see note_failure().
create or replace function hand_back(claim bigint, is_lost boolean)
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    ended      task_claim;
    held       record;
    tasks      integer := 0;
    back       bigint[] := '{}';
    attempts   integer[] := '{}';
    deliveries integer[] := '{}';
begin
    delete from task_claim c where c.id = hand_back.claim returning c.* into ended;
    if ended.tasks <> '{}' then
        insert into statistic_claim (claim, tasks) values (ended.id, ended.tasks);
    end if;
    for held in
        select h.task, h.attempts, h.deliveries, p.max_deliveries,
               h.task = any (ended.started) as has_started
          from unnest(ended.tasks, ended.attempts, ended.deliveries) with ordinality
               as h (task, attempts, deliveries, ordinal)
         cross join lateral (select f.requirement from task f where f.id = h.task limit 1) as t
          join requirement r on r.id = t.requirement
          join handler p on p.name = r.handler
         where h.task <> all (ended.returned)
           and not exists (select from task_end e where e.task = h.task)
         order by h.ordinal
    loop
        tasks := tasks + 1;
        if hand_back.is_lost
           and (held.has_started or held.deliveries + 1 >= held.max_deliveries)
        then
            perform note_failure(
                held.task, ended.id, ended.node, ended.claimed_at,
                held.attempts - case when held.has_started then 0 else 1 end,
                held.deliveries + 1, 'lost',
                case when held.has_started then 'the node went away while the handler ran'
                     else 'the node went away with it, as often as a task is handed out' end,
                null, false);
        else
            back := back || held.task;
            attempts := attempts || held.attempts::integer;
            deliveries := deliveries || (held.deliveries + hand_back.is_lost::integer);
        end if;
    end loop;
    perform bring_back(back, attempts, deliveries);
    return tasks;
end;
$$;
