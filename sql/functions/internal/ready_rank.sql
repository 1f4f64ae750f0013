-- ready_rank: where a task of a priority stands in task_ready. Internal.
--
-- Higher priorities first, and in each the tasks that come back before those that were never handed
-- out: they were there earlier.
--
-- Arguments   priority: of the task. comes_back: whether it was handed out before.
-- Returns     a number; lower ones go first.
create or replace function ready_rank(priority integer, comes_back boolean)
returns integer
language sql
immutable
set search_path from current
as $$
    select -2 * priority + case when comes_back then 0 else 1 end;
$$;
