-- may_return: whether a task may wait again: its task set is open, if it is a member of one, since
-- nobody could complete it otherwise; its run waits for it, if it is a step of a workflow; and no
-- other task has its unique key by now. If it may, it has the key from then on. Internal:
-- retry_task().
--
-- Arguments   task: which.
-- Locks       its set, against what ends that, and its key, if it has one, until the transaction
--             ends.
-- Tables      task, requirement, task_set, task_set_member: read. task_key: see give_key().
create or replace function may_return(task bigint)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    keyed record;
    held  record;
begin
    if is_past_step(may_return.task) then
        return false;
    end if;
    perform from task_set s
      where s.id = (select m.task_set from task_set_member m where m.task = may_return.task)
        for share;
    -- Another statement: it sees what became of the set while this waited for the lock.
    if found and not exists (select from task_set_member m
                               join task_set s on s.id = m.task_set
                              where m.task = may_return.task and s.state = 'open') then
        return false;
    end if;
    select r.handler, t.tenant, t.unique_key into keyed
      from task t
      join requirement r on r.id = t.requirement
     where t.id = may_return.task and t.unique_key is not null;
    if not found then
        return true;
    end if;
    select k.* into strict held
      from lock_key(keyed.handler, keyed.tenant, keyed.unique_key) as k;
    if held.task is null then
        perform give_key(keyed.handler, keyed.tenant, keyed.unique_key, may_return.task, null,
                         null::timestamptz, null::timestamptz, null::timestamptz);
        return true;
    end if;
    return may_return.task in (held.task, held.next) is true;
end;
$$;
