-- inactive_reason: why nothing is done for a version of a view set although the process that leads
-- carries it. Internal: versions(), inactive_notes(), version_problems().
--
-- The leader builds nothing, and no version of the set is live: it was retired as the live one. A
-- process that carries a version of a set of which another one is live does not lead.
--
-- Returns     a clause to follow the set's name and a colon; null where that is not so.
-- Tables      leader, set_version, set_member: read.
create or replace function inactive_reason(s set_version)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format(
               '%s leads and carries it, but does nothing for it, as no version of %s is live: '
               'give it a new version number',
               l.node, s.view_set)
      from leader l
     where is_led(l)
       and not exists (select from set_member m
                        where m.view_set = s.view_set and m.set_version = s.version
                          and (m.member, m.version)::versioned <> all (l.reducers))
       and not exists (select from set_version o
                        where o.view_set = s.view_set and o.state = 'live');
$$;
