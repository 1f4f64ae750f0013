-- version_problems: what stands still of the versions beside the live ones, and why. Internal:
-- status(), leader_problems().
--
-- Arguments   leaderless: nobody leads, so whoever keeps a build could.
-- Returns     one line each. What is kept for a rollback is told by version_notes().
-- Tables      view_build, set_version, set_member, promotion: read.
create or replace function version_problems(leaderless boolean)
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(p.line order by p.line), '{}')
      from (select pg_catalog.format(
                   'the build of %s@%s is halted at position %s: %s; see "baton dead list"',
                   b.view, b.version, b.position, b.reason) as line
              from view_build b
             where b.state = 'halted' and not is_spare(b)
             union all
            select pg_catalog.format(
                   'the build of view set %s@%s stands still: %s',
                   s.view_set, s.version, coalesce(i.reason, 'no process that carries it runs'))
              from set_version s
             cross join lateral inactive_reason(s) as i (reason)
             where s.state = 'building'
               and exists (select from set_member m
                             join view_build b on b.view = m.member and b.version = m.version
                            where m.view_set = s.view_set and m.set_version = s.version
                              and (i.reason is not null or not is_kept(b)))
             union all
            select pg_catalog.format('promotion %s is not carried out: %s', p.id, o.what)
              from promotion p
             cross join lateral promotion_obstacles(p.view_sets, p.versions, false) as o
             where p.state = 'requested' and o.kind = 'read'
             union all
            select pg_catalog.format(
                   '%s is there, but view set %s is live at version %s and it carries %s: promote '
                   'that, or start a program that carries %s@%s',
                   b.node, s.view_set, s.version,
                   coalesce((select pg_catalog.format('%s@%s', c.name, c.version)
                               from pg_catalog.unnest(b.view_sets) as c
                              where c.name = s.view_set), 'none of it'),
                   s.view_set, s.version)
              from set_version s
              join (select distinct b.node, b.view_sets from view_build b where is_kept(b)) as b
                on (s.view_set, s.version)::versioned <> all (b.view_sets)
             where version_problems.leaderless and s.state = 'live') as p;
$$;
