-- view_problems: which live views stand before an event that they cannot fold. Internal: status().
--
-- Returns     one line each.
-- Tables      view_state: read.
create or replace function view_problems()
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(pg_catalog.format(
               'view %s@%s is halted at position %s: %s; see "baton dead list"',
               s.view, s.version, s.position, s.reason)), '{}')
      from view_state s
     where s.state = 'halted';
$$;
