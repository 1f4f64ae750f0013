-- version_problems: what stands still of the versions beside the live ones, and why. Internal:
-- status().
--
-- Arguments   leaderless: nobody leads, so whoever keeps a build could.
-- Returns     one line each. What is kept for a rollback is told by version_notes().
-- Tables      view_build, set_version, promotion, leader: read.
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
               and exists (select from view_build b
                            where b.view || '@' || b.version::text = any (s.members)
                              and (i.reason is not null or not is_kept(b)))
             union all
            select pg_catalog.format(
                   'the promotion of %s@%s waits until view %s can be made to show it: somebody '
                   'reads that for long',
                   b.view, b.version, b.view)
              from promotion p
             cross join lateral promotion_builds(p.view_sets, p.versions) as m
              join view_build b on b.view = m.view and b.version = m.version
             where p.state = 'requested' and b.state = 'ready'
               and not is_shown(b.view, b.version)
             union all
            select pg_catalog.format(
                   '%s is there, but view set %s is live at version %s and it carries %s: promote '
                   'that, or start a program that carries %s@%s',
                   b.node, s.view_set, s.version,
                   coalesce((select c from pg_catalog.unnest(b.view_sets) as c
                              where pg_catalog.split_part(c, '@', 1) = s.view_set), 'none of it'),
                   s.view_set, s.version)
              from set_version s
              join (select distinct b.node, b.view_sets from view_build b where is_kept(b)) as b
                on s.view_set || '@' || s.version::text <> all (b.view_sets)
             where version_problems.leaderless and s.state = 'live') as p;
$$;
