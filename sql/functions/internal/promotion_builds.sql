-- promotion_builds: the members of a promotion that are not live yet, and how far each is.
-- Internal.
--
-- Returns     a row for each: the build, nulls but for view and version where there is none;
--             is_kept: its process is there.
-- Tables      set_member, view_state, view_build: read.
create or replace function promotion_builds(view_sets text[], versions integer[])
returns table (view text, version integer, b view_build, is_kept boolean)
language sql
stable
set search_path from current
as $$
    select m.member, m.version, b, is_kept(b)
      from unnest(view_sets, versions) as w (view_set, version)
      join set_member m on m.view_set = w.view_set and m.set_version = w.version
      left join view_build b on b.view = m.member and b.version = m.version
     where not exists (select from view_state l
                        where l.view = m.member and l.version = m.version)
     order by m.member;
$$;
