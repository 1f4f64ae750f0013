-- shared_laggard: a live view that goes over as it is with a promotion, and is not at the log's
-- end. Internal: promote(), open_promotion().
--
-- Returns     where it stands, in words; null if there is none.
-- Tables      set_version, view_state: read.
create or replace function shared_laggard(view_sets text[], versions integer[])
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format('view %s@%s goes over as it is, and is %s at position %s', l.view,
                             l.version, l.state, l.position)
      from unnest(view_sets, versions) as w (view_set, version)
      join set_version s on s.view_set = w.view_set and s.version = w.version
      join view_state l on l.view || '@' || l.version::text = any (s.members)
     where l.state <> 'following'
     order by l.view
     limit 1;
$$;
