-- endpoint_notes: the endpoints that asked for a pause, for status(). Internal.
--
-- Returns     lines for people, of the first 20.
-- Tables      endpoint: read.
create or replace function endpoint_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select array(
        select pg_catalog.format(
                   'the endpoint of handler %s asked for a pause, until %s: %s', e.handler,
                   pg_catalog.date_trunc('second', e.until_at), e.reason)
          from endpoint e
         where e.state = 'slowed' and e.until_at > clock_timestamp()
         order by e.handler
         limit 20);
$$;
