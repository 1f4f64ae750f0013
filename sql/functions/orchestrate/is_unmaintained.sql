-- is_unmaintained: whether maintain() has something to see to, and is left undone.
--
-- Nodes call it, one of them each second. Where none is there, an environment's schedules and what
-- waits for a time would stand still; so the leader asks this, and does it in their place. Nodes
-- that saw that another one did it ask with each heartbeat.
--
-- Returns     true where some handler or schedule is there, or events are to be counted, or counts
--             to be forgotten, and two seconds have gone by since the last pass. (A clock that was
--             set back leaves one in the future: that counts as gone.)
-- Tables      maintenance, handler, schedule, batch, statistic, statistic_progress: read.
-- Access: node, orchestrate
create or replace function is_unmaintained()
returns boolean
language sql
stable
security definer
set search_path from current
as $$
    select not exists (
               select from maintenance m
                where m.passed_at between clock_timestamp() - interval '2 seconds'
                                      and clock_timestamp())
           and (exists (select from handler) or exists (select from schedule)
                or coalesce((select b.first_position + b.count - 1
                               from batch b order by b.first_position desc limit 1), 0)
                   > (select p.position from statistic_progress p where p.only_row)
                or exists (select from statistic s
                            where not s.is_hourly
                              and s.bucket_at < clock_timestamp() - interval '4 hours')
                or exists (select from statistic s
                            where s.is_hourly
                              and s.bucket_at < clock_timestamp() - interval '32 days'));
$$;
