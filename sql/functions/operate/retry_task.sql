-- retry_task: a task that is dead or cancelled waits again, and has all its attempts before it; one
-- that waits for a time becomes ready now. Its failures are kept.
--
-- It goes before those of its priority that were never handed out.
--
-- Arguments   task: of enqueue().
-- Returns     where it stands now: 'waiting', or 'following', if it waits for its turn in its lane.
--             What else it says, it was before, and nothing was changed: it is 'claimed', 'done',
--             'replaced', or 'following' already; or it is 'dead' or 'cancelled', and another task
--             has its unique key by now, its task set is over, or the run of a workflow does not
--             wait for it any more, or is forgotten.
-- Raises      BT042 there is no such task. BT006 the transaction's snapshot is fixed.
-- Locks       the task, until the transaction ends: see pull_task(). Its set and key: may_return().
-- Tables      task_in_lane: read. task_ready: see bring_back(). task_end, task_due: see
--             pull_task(). task_key: see may_return().
-- Access: orchestrate
create or replace function retry_task(task bigint)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former record;
begin
    perform require_read_committed('retry_task');
    select p.* into strict former
      from pull_task(retry_task.task, case when may_return(retry_task.task)
                                           then array['due', 'dead', 'cancelled'] end) as p;
    if not former.is_pulled then
        return former.state;
    end if;
    perform note_step(retry_task.task);
    if former.state = 'due' then
        perform bring_back(
            array[retry_task.task], array[former.attempts], array[former.deliveries]);
    else
        perform bring_back(array[retry_task.task], null, null);
    end if;
    return case when exists (select from task_in_lane l
                              where l.task = retry_task.task and not l.is_head)
                then 'following' else 'waiting' end;
end;
$$;
