-- why_due: why a task that waits for a time is not ready. Internal: why().
--
-- Arguments   task, due_at, attempts: of its row.
-- Returns     one row of why().
-- Tables      task_failure: read.
create or replace function why_due(task bigint, due_at timestamptz, attempts integer)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select case when not w.is_over and f.error is null then 'time'
                when not w.is_over then 'retry'
                when u.sentence is null then 'overdue' else 'unmaintained' end,
           case when w.is_over then pg_catalog.format(
                    'its time came %s s ago%s', w.seconds,
                    coalesce('; ' || u.sentence,
                             '; a pass of maintain() makes 1000 tasks ready at most'))
                when f.error is null then pg_catalog.format(
                    'it is not to run before %s, in %s s',
                    date_trunc('second', why_due.due_at), w.seconds)
                else pg_catalog.format(
                    'it is tried again at %s, in %s s; attempt %s had failed: %s',
                    date_trunc('second', why_due.due_at), w.seconds, why_due.attempts,
                    f.error) end,
           case when w.is_over
                then 'call maintain(), as each node does once a second'
                else pg_catalog.format(
                    'wait for that time; or, to have it run now, baton tasks retry %s',
                    why_due.task) end
      from (select why_due.due_at <= clock_timestamp() as is_over,
                   round(abs(extract(epoch from why_due.due_at - clock_timestamp()))) as seconds)
           as w
     cross join unmaintained() as u (sentence)
      left join lateral (
        select pg_catalog.left(l.error, 500) as error
          from task_failure l
         where l.task = why_due.task
         order by l.failed_at desc limit 1) as f on true;
$$;
