-- why_limited: that nodes hold as many tasks of a handler as they may. Internal: why_waiting().
--
-- Arguments   handler: which.
-- Returns     what why() says of it; no row where there is room.
-- Tables      handler: read. See running_of().
create or replace function why_limited(handler text)
returns table (found text, fix text)
language sql
stable
set search_path from current
as $$
    select pg_catalog.format('nodes hold %s tasks of handler %s, and may hold %s',
                             r.tasks, h.name, h.running_max),
           pg_catalog.format('wait for one of these; or let more be claimed: baton handlers limit '
                             '%s --running %s', h.name, 2 * h.running_max)
      from handler h
     cross join lateral (select sum(o.tasks) as tasks from running_of(h.name) as o) as r
     where h.name = why_limited.handler and r.tasks >= h.running_max;
$$;
