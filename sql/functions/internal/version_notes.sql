-- version_notes: what stands still of the versions that are kept for a rollback. Internal:
-- status().
--
-- What is live goes on without them, so that is no problem: an event of a schema version that came
-- after them halts them as a matter of course.
--
-- Returns     one line each.
-- Tables      view_build: read.
create or replace function version_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(pg_catalog.format(
               '%s@%s, which is kept for a rollback, is halted at position %s, and no rollback '
               'leads to it: %s; see "baton dead list"',
               b.view, b.version, b.position, b.reason) order by b.view, b.version), '{}')
      from view_build b
     where b.state = 'halted' and is_spare(b);
$$;
