-- promotion_builds: the members of a promotion that are not live yet, and how far each is.
-- Internal.
--
-- Returns     a row for each: the build, nulls but for view and version where there is none;
--             is_kept: its process is there.
-- Tables      set_version, view_state, view_build: read.
create or replace function promotion_builds(view_sets text[], versions integer[])
returns table (view text, version integer, b view_build, is_kept boolean)
language sql
stable
set search_path from current
as $$
    select m.view, m.version, b, is_kept(b)
      from unnest(view_sets, versions) as w (view_set, version)
      join set_version s on s.view_set = w.view_set and s.version = w.version
     cross join lateral (
        select pg_catalog.split_part(n, '@', 1) as view,
               pg_catalog.split_part(n, '@', 2)::integer as version
          from pg_catalog.unnest(s.members) as n) as m
      left join view_build b on b.view = m.view and b.version = m.version
     where not exists (select from view_state l
                        where l.view = m.view and l.version = m.version)
     order by m.view;
$$;
