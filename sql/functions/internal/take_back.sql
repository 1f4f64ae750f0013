-- take_back: a task that waits for a callback waits no more. Internal: call_back(),
-- expire_callbacks(). The caller has locked the callback's row, and puts the task where it belongs
-- now.
--
-- Arguments   awaited: the callback's row.
-- Returns     whether the task still waited for this callback: it may have been cancelled, or made
--             ready by a person, or be given to the endpoint anew.
-- Locks       the task's row; waits for whoever is moving it.
-- Tables      task_due: delete. task_callback: read.
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
    return found;
end;
$$;
