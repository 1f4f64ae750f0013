-- forget_watches: waiters that are gone need not be told of tasks that ended a minute ago; nor, of
-- any task, who has waited for a week. Internal: maintain_children().
--
-- Returns     whether some are left.
-- Tables      task_watch: read, delete. task_end: read.
-- Cost        where nobody waits, of a look at an empty table; else of a thousand of the oldest.
create or replace function forget_watches()
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    if not exists (select from task_watch) then
        return false;
    end if;
    delete from task_watch
     where ctid = any (array(
        select w.row
          from (select w.ctid as row, w.task, w.since
                  from task_watch w order by w.task, w.waiter limit 1000) as w
         where w.since < clock_timestamp() - interval '7 days'
            or exists (select from task_end e
                        where e.task = w.task
                          and e.ended_at < clock_timestamp() - interval '1 minute')));
    return exists (select from task_watch);
end;
$$;
