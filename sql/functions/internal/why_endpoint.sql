-- why_endpoint: that nothing is sent to the endpoint that a handler is. Internal: why_held_up().
--
-- Arguments   handler: which.
-- Returns     what why() says of it; no row where it is open, or none.
-- Tables      endpoint: read.
create or replace function why_endpoint(handler text)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
as $$
    select 'endpoint',
           pg_catalog.format('the endpoint of handler %s is %s until %s: %s', e.handler, e.state,
                             pg_catalog.date_trunc('second', e.until_at), e.reason),
           pg_catalog.format('wait until it is tried again; or try it now: baton endpoints enable '
                             '%s', e.handler)
      from endpoint e
     where e.handler = why_endpoint.handler and e.until_at > clock_timestamp();
$$;
