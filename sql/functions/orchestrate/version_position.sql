-- version_position: up to where a view version has the events, by the caller's snapshot. Internal.
--
-- Returns   null if it has no rows: it is unknown, or retired.
-- Tables    view_state, view_build, batch: read.
-- Access: orchestrate
create or replace function version_position(view text, version integer)
returns bigint
language sql
stable
set search_path from current
as $$
    select case when s.state = 'following'
                then log_end()
                else s.position end
      from view_state s
     where s.view = version_position.view and s.version = version_position.version
     union all
    select b.position
      from view_build b
     where b.view = version_position.view and b.version = version_position.version;
$$;
