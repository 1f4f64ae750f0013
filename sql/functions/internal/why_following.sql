-- why_following: for which task one waits that has the same unique key. Internal: why().
--
-- Arguments   task: the one that waits.
-- Returns     one row of why().
-- Tables      task_due: read.
create or replace function why_following(task bigint)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
set enable_seqscan = off
as $$
    select 'follows',
           pg_catalog.format('task %s has the same unique key, and has not ended', d.follows),
           pg_catalog.format(
               'wait until it has, see baton tasks why %1$s; or baton tasks cancel %1$s', d.follows)
      from task_due d
     where d.task = why_following.task;
$$;
