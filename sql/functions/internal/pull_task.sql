-- pull_task: take a task out of the place where it stands. Internal: cancel(), purge(),
-- retry_task(), settle_key(), update_task(). The caller puts it where it belongs now, in the same
-- transaction.
--
-- Nothing keeps a task where it is between a look and what follows from it. So this looks, takes it
-- from there, and looks again where it has gone meanwhile.
--
-- One that is at the head of a lane stays there, for the caller to say what becomes of that.
--
-- Arguments   task: which. states: of task_standings(), from which it may be taken.
-- Returns     where it stood, and whether it was taken; it is not where it stands elsewhere.
--   ready, due  its row there, if it was in one of these.
--   claim, node, claimed_at  who had it. attempts: how often a handler started with it.
-- Raises      BT042, BT050 there is no such task (any more): missing_task().
-- Locks       the task's row there, until the transaction ends; waits for a claim that takes it
--             just now, and for a transaction that completes it.
-- Tables      task_ready, task_due, task_in_lane, task_end: delete. task_claim: see give_up().
create or replace function pull_task(task bigint, states text[])
returns table (
    state text, is_pulled boolean, ready task_ready, due task_due, claim bigint, node bigint,
    claimed_at timestamptz, attempts integer, deliveries integer)
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    seen record;
begin
    loop
        select p.* into seen from task_standings(array[pull_task.task]) as p;
        if seen.state is null then
            perform missing_task(pull_task.task);
        end if;
        exit when seen.state = any (pull_task.states) is not true;
        case seen.state
            when 'waiting' then
                delete from task_ready r
                 where r.requirement = seen.requirement and r.rank = seen.rank
                   and r.place = seen.place
                returning r.* into ready;
            when 'due' then
                delete from task_due d where d.task = pull_task.task returning d.* into due;
            when 'following' then
                if coalesce(seen.follows, seen.after) is not null then
                    delete from task_due d where d.task = pull_task.task returning d.* into due;
                else
                    -- Whoever waits for a row that becomes a head has it locked then, and whoever
                    -- ends that head would wait for it, and be waited for here.
                    delete from task_in_lane where ctid = any (array(
                        select l.ctid from task_in_lane l
                         where l.task = pull_task.task and not l.is_head
                           for update skip locked));
                    if not found then
                        perform pg_sleep(0.002);
                        continue;
                    end if;
                end if;
            when 'claimed' then
                select h.claimed_at, h.attempts + h.started::integer into claimed_at, attempts
                  from give_up(seen.node, array[
                        pull_task.task::text || '.' || seen.claim::text]) as h;
            else
                delete from task_end e
                 where e.task = pull_task.task and e.outcome = seen.state;
        end case;
        is_pulled := found;
        exit when is_pulled;
    end loop;
    state := seen.state;
    is_pulled := coalesce(is_pulled, false);
    claim := seen.claim;
    node := seen.node;
    attempts := coalesce(attempts, seen.attempts);
    deliveries := seen.deliveries;
    return next;
end;
$$;
