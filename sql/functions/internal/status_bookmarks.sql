-- status_bookmarks: how far the followers of the log are, for status(). Internal.
--
-- Returns     [{name, state, position, lag_events, lag_seconds, held_by}], see bookmarks().
create or replace function status_bookmarks()
returns jsonb
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'name', b.name, 'state', b.state, 'position', b.position,
               'lag_events', b.lag_events, 'lag_seconds', b.lag_seconds, 'held_by', b.held_by)
               order by b.name), '[]')
      from bookmarks(null::text, null::text, 1000) as b;
$$;
