-- former_keeper: whether a version was live before, and whether who led with it is still on the way
-- back to keeping it. Internal: build_obstacles().
--
-- A promotion deposes the leader, who finds that out, connects anew, and then claims what it kept.
-- Once somebody has claimed it, nobody is waited for any more.
--
-- Tables      set_version, set_member, view_build: read.
create or replace function former_keeper(
    view text, version integer, out was_live boolean, out is_expected boolean)
language sql
stable
set search_path from current
as $$
    select coalesce(bool_or(true), false),
           coalesce(bool_or(s.since > clock_timestamp() - interval '30 seconds'), false)
           and not exists (select from view_build b
                            where b.view = former_keeper.view
                              and b.version = former_keeper.version and b.node is not null)
      from set_member m
      join set_version s on s.view_set = m.view_set and s.version = m.set_version
     where s.state = 'warm' and m.member = former_keeper.view
       and m.version = former_keeper.version;
$$;
