-- why_after: why a task waits that is to be done after another one. Internal: why().
--
-- Arguments   task: which. after, when_failed: see task_due.
-- Returns     one row of why().
create or replace function why_after(task bigint, after bigint, when_failed text)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
as $$
    select case when w.is_held then 'after_held' else 'after' end,
           pg_catalog.format('it is to be done after task %s, which is %s%s', why_after.after,
               p.state,
               case when w.is_held then ', and holds until that is done'
                    when w.has_ended then '; a pass of maintain() lets it go on'
                                          || coalesce('; ' || unmaintained(), '') end),
           case when w.is_held
                then pg_catalog.format('baton tasks retry %s, or baton tasks cancel %s',
                                       why_after.after, why_after.task)
                when w.has_ended then 'call maintain(), as each node does once a second'
                else pg_catalog.format('baton tasks why %s', why_after.after) end
      from task_standings(array[why_after.after]) as p
     cross join lateral (
        select p.state in ('done', 'dead', 'cancelled', 'replaced') as has_ended,
               p.state in ('dead', 'cancelled', 'replaced') and why_after.when_failed = 'hold'
               as is_held) as w;
$$;
