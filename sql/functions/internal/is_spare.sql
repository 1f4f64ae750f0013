-- is_spare: whether a build is nothing but a former version, kept for a rollback. Internal.
--
-- Tables    set_member, set_version: read.
create or replace function is_spare(b view_build)
returns boolean
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.bool_and(s.state = 'warm'), false)
      from set_member m
      join set_version s on s.view_set = m.view_set and s.version = m.set_version
     where m.member = b.view and m.version = b.version and s.state <> 'retired';
$$;
