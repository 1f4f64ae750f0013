-- base_due: a version that is kept, live or built beside, and has no base yet at or behind a
-- position. Internal: partition_hold(), take_bases().
--
-- A base is a snapshot of its rows, of the build that it is registered with, that is kept as one.
--
-- Arguments   at_least: the position.
-- Returns     view, version, build, and the position that it has by this snapshot; one row or none.
-- Tables      view_state, view_build, reducer_version, view_snapshot: read.
create or replace function base_due(at_least bigint)
returns table (view text, version integer, build text, "position" bigint)
language sql
stable
set search_path from current
as $$
    select k.view, k.version, r.build, version_position(k.view, k.version)
      from (select v.view, v.version from view_state v
             union all
            select b.view, b.version from view_build b) as k
      join reducer_version r on r.name = k.view and r.version = k.version
     where not exists (
            select from view_snapshot s
             where s.view = k.view and s.version = k.version and s.build = r.build
               and s.is_base and s.position >= base_due.at_least)
     order by k.view, k.version
     limit 1;
$$;
