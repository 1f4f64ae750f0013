-- take_back: a task that waits for a callback waits no more. Internal: call_back(),
-- expire_callbacks(). The caller has locked the callback's row, and puts the task where it belongs
-- now.
--
-- Arguments   awaited: the callback's row.
-- Returns     whether the task still waited for this callback: it may have been cancelled, or made
--             ready by a person, or be given to the endpoint anew.
-- Locks       the task's row, and its claim, if that is there; waits for whoever is moving it.
-- Tables      task_due: delete. task_callback, task_claim: read. statistic_claim: insert, update.
create or replace function take_back(awaited task_callback)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    delete from task_due d
     where d.task = take_back.awaited.task and d.due_at = 'infinity' and d.after is null
       and not exists (select from task_callback n
                        where n.task = take_back.awaited.task
                          and n.claim > take_back.awaited.claim);
    if not found then
        return false;
    end if;
    -- While its claim is there, what comes of the task is counted with that.
    perform from task_claim c where c.id = take_back.awaited.claim for key share;
    if not found then
        insert into statistic_claim as o (claim, tasks)
        values (take_back.awaited.claim, array[take_back.awaited.task])
        on conflict (claim) do update
           set tasks = o.tasks || excluded.tasks
         where o.tasks @> excluded.tasks is not true;
    end if;
    return true;
end;
$$;
