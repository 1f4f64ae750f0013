-- endpoint_problems: the endpoints that do not work, for status(). Internal.
--
-- Returns     lines for people, of the first 20.
-- Tables      endpoint, handler: read.
create or replace function endpoint_problems()
returns text[]
language sql
stable
set search_path from current
as $$
    select array(
        select pg_catalog.format(
                   'the endpoint of handler %s is broken since %s, says node %s: %s; %s', e.handler,
                   pg_catalog.date_trunc('second', e.since), e.told_by, e.reason,
                   case when e.until_at > clock_timestamp()
                        then 'it is tried again at '
                             || pg_catalog.date_trunc('second', e.until_at)::text
                        else 'it is tried again with the next task' end)
          from endpoint e
          join handler h on h.name = e.handler
         where e.state = 'broken' and h.paused_at is null
         order by e.handler
         limit 20);
$$;
