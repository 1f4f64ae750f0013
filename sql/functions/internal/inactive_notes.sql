-- inactive_notes: for which versions nothing is done although who leads carries them. Internal:
-- status(). Of those that are being built version_problems() tells.
--
-- Returns     one line each.
-- Tables      set_version: read.
create or replace function inactive_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(pg_catalog.format(
               'view set %s@%s is %s: %s', s.view_set, s.version, s.state, i.reason)
               order by s.view_set, s.version), '{}')
      from set_version s
     cross join lateral inactive_reason(s) as i (reason)
     where s.state <> 'building' and i.reason is not null;
$$;
