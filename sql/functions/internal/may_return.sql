-- may_return: whether a task may wait again as far as its unique key goes: no other task has that
-- by now. If it may, it has the key from then on. Internal: retry_task().
--
-- Arguments   task: which.
-- Locks       its key, if it has one, until the transaction ends.
-- Tables      task, requirement: read. task_key: see give_key().
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
    select r.handler, t.unique_key into keyed
      from task t
      join requirement r on r.id = t.requirement
     where t.id = may_return.task and t.unique_key is not null;
    if not found then
        return true;
    end if;
    select k.* into strict held from lock_key(keyed.handler, keyed.unique_key) as k;
    if held.task is null then
        perform give_key(keyed.handler, keyed.unique_key, may_return.task, null,
                         null::timestamptz, null::timestamptz, null::timestamptz);
        return true;
    end if;
    return may_return.task in (held.task, held.next) is true;
end;
$$;
