-- refusal_notes: who was turned away in the last hour, the newest five. Internal: status();
-- refusals() has all of them.
--
-- Returns     one line each.
-- Tables      refusal: read.
create or replace function refusal_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(pg_catalog.format(
               '%s of %s from %s was refused (%s), the last time at %s; see '
               '"baton environment refusals"',
               r.node, r.login, r.address, r.code, r.last_at) order by r.last_at desc), '{}')
      from (select * from refusal
             where last_at > clock_timestamp() - interval '1 hour'
             order by last_at desc limit 5) as r;
$$;
