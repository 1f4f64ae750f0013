-- is_unmaintained: whether maintain() has something to see to, and is left undone.
--
-- Nodes call it, each once a second. Where none is there, an environment's schedules and what waits
-- for a time would stand still; so the leader asks this, and does it in their place.
--
-- Returns     true where some handler or schedule is there, and two seconds have gone by since the
--             last pass. (A clock that was set back leaves one in the future: that counts as gone.)
-- Tables      maintenance, handler, schedule: read.
-- Access: orchestrate
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
