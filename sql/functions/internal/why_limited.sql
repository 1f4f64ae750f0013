-- why_limited: that nodes hold as many tasks of a handler as they may, or have taken as many as its
-- rate allows. Internal: why_held_up().
--
-- Arguments   handler: which.
-- Returns     what why() says of it; no row where there is room.
-- Tables      handler: read. See running_of(), rate_room().
create or replace function why_limited(handler text)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
as $$
    select 'limit', pg_catalog.format('nodes hold %s tasks of handler %s, and may hold %s',
                                      r.tasks, h.name, h.running_max),
           pg_catalog.format('wait for one of these; or let more be claimed: baton handlers limit '
                             '%s --running %s', h.name, 2 * h.running_max)
      from handler h
     cross join lateral (select sum(o.tasks) as tasks from running_of(h.name) as o) as r
     where h.name = why_limited.handler and r.tasks >= h.running_max
     union all
    select 'rate', pg_catalog.format(
               'nodes have taken %s tasks of handler %s within the last %s, as many as they may',
               h.rate_max, h.name, h.rate_per),
           pg_catalog.format(
               'wait until that is longer ago; or let more be claimed: baton handlers limit %s '
               '--rate %s --per %L', h.name, 2 * h.rate_max, h.rate_per)
      from handler h
     where h.name = why_limited.handler and rate_room(h) = 0
     limit 1;
$$;
