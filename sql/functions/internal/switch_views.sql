-- switch_views: make those versions live that the live sets say. Internal: switch_versions().
--
-- Arguments   head: the log's end; whatever becomes live is there.
-- Tables      set_version, set_member: read. view_state, view_build: insert, delete.
create or replace function switch_views(head bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    live versioned[] := array(
        select (m.member, m.version)::versioned
          from set_version s
          join set_member m on m.view_set = s.view_set and m.set_version = s.version
         where s.state = 'live');
begin
    -- resolve_dead_events() is done with them, or waits.
    perform from view_state order by view for update;
    -- What was live stays as it stands, and becomes a build that nobody has claimed yet.
    insert into view_build (view, version, position, state, reason)
    select l.view, l.version,
           case l.state when 'following' then switch_views.head else l.position end,
           case l.state when 'following' then 'ready' when 'behind' then 'building'
                        else l.state end,
           l.reason
      from view_state l
     where (l.view, l.version)::versioned <> all (live);
    delete from view_state l
     where (l.view, l.version)::versioned <> all (live);
    insert into view_state (view, version, state, position, effects_to)
    select b.view, b.version, 'following', switch_views.head, switch_views.head
      from view_build b
     where (b.view, b.version)::versioned = any (live);
    delete from view_build b
     where (b.view, b.version)::versioned = any (live);
end;
$$;
