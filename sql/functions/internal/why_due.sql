-- why_due: why a task that waits for a time is not ready. Internal: why().
--
-- Arguments   task, due_at, attempts: of its row.
-- Returns     one row of why().
-- Tables      task_failure, task_callback: read.
create or replace function why_due(task bigint, due_at timestamptz, attempts integer)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select case when c.until_at is not null then 'callback'
                when not w.is_over and f.error is null then 'time'
                when not w.is_over then 'retry'
                when u.sentence is null then 'overdue' else 'unmaintained' end,
           case when c.until_at is not null then pg_catalog.format(
                    'its endpoint has taken it over, with an answer of 202, and may call back '
                    'until %s', date_trunc('second', c.until_at))
                when w.is_over then pg_catalog.format(
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
           case when c.until_at is not null then pg_catalog.format(
                    'wait for that time; or, to ask the endpoint anew, baton tasks retry %s',
                    why_due.task)
                when w.is_over
                then 'call maintain(), as each node does once a second'
                else pg_catalog.format(
                    'wait for that time; or, to have it run now, baton tasks retry %s',
                    why_due.task) end
      from (select why_due.due_at <= clock_timestamp() as is_over,
                   case when isfinite(why_due.due_at) then round(abs(extract(
                       epoch from why_due.due_at - clock_timestamp()))) end as seconds)
           as w
     cross join unmaintained() as u (sentence)
      left join lateral (
        select b.until_at from task_callback b
         where why_due.due_at = 'infinity' and b.task = why_due.task and b.outcome is null
         order by b.claim desc limit 1) as c on true
      left join lateral (
        select pg_catalog.left(l.error, 500) as error
          from task_failure l
         where l.task = why_due.task
         order by l.failed_at desc limit 1) as f on true;
$$;
