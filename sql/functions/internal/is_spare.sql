-- is_spare: whether a build is nothing but a former version, kept for a rollback. Internal.
create or replace function is_spare(b view_build)
returns boolean
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.bool_and(s.state = 'warm'), false)
      from set_version s
     where b.view || '@' || b.version::text = any (s.members) and s.state <> 'retired';
$$;
