-- is_unmaintained: whether maintain() has something to see to, and is left undone.
--
-- Nodes call it, one of them each second. Where none is there, an environment's schedules and what waits
-- for a time would stand still; so the leader asks this, and does it in their place. Nodes that saw that
-- another one did it ask with each heartbeat.
--
-- Returns     true where some handler or schedule is there, and two seconds have gone by since the
--             last pass. (A clock that was set back leaves one in the future: that counts as gone.)
-- Tables      maintenance, handler, schedule: read.
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
           and (exists (select from handler) or exists (select from schedule));
$$;
