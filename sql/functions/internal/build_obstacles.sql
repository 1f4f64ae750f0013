-- build_obstacles: what stands in the way of a promotion as far as its builds go. Internal:
-- promotion_obstacles(), which see.
--
-- Arguments   after: what would be live.
create or replace function build_obstacles(
    view_sets text[], versions integer[], after versioned[], is_switching boolean)
returns table (kind text, what text, is_awaited boolean)
language sql
stable
set search_path from current
as $$
    with head as materialized (
        select log_end() as position
    ), member as (
        select pg_catalog.format('%s@%s', m.view, m.version) as name, m.view, m.version, m.b,
               m.is_kept, coalesce((m.b).position, 0) as position, k.was_live, k.is_expected,
               head.position as head
          from promotion_builds(build_obstacles.view_sets, build_obstacles.versions) as m
         cross join head
         cross join lateral former_keeper(m.view, m.version) as k
    ), obstacle (rank, kind, name, what, is_awaited) as (
        select 1, 'halted', m.name,
               pg_catalog.format(
                   'the build of %s is halted at position %s: %s; see "baton dead list"',
                   m.name, m.position, (m.b).reason), false
          from member m
         where (m.b).state = 'halted'
         union all
        select 2, 'unkept', m.name,
               pg_catalog.format(case when m.is_expected
                                      then 'the process that kept %s is not back yet'
                                      else 'nobody keeps %s: start a program that carries it' end,
                                 m.name), m.is_expected
          from member m
         where not m.is_kept and not build_obstacles.is_switching
         union all
        -- A view that versions share may be kept by a process of another one, which gives it up.
        -- What nobody keeps may be kept by who is started next. Else waiting does not help: who
        -- keeps a build goes on to.
        select 3, 'uncarried', m.name,
               pg_catalog.format(
                   'the process that keeps %s (%s) does not carry %s, which would be live, too: '
                   'promote together what it carries (%s), or give it that',
                   m.name, (m.b).node,
                   version_list(array(select a from pg_catalog.unnest(build_obstacles.after) as a
                                       where a <> all ((m.b).view_sets))),
                   version_list((m.b).view_sets)), false
          from member m
         where not build_obstacles.is_switching
           and not exists (select from member o
                            where not o.is_kept or build_obstacles.after <@ (o.b).view_sets)
         union all
        select 4, 'behind', m.name,
               pg_catalog.format('%s is not ready: it has %s of %s events', m.name, m.position,
                                 m.head), m.was_live
          from member m
         where case when build_obstacles.is_switching then (m.b).position is distinct from m.head
                    else (m.b).state = 'building' end
         union all
        select 5, 'read', m.name,
               pg_catalog.format(
                   'view %s cannot be made to show version %s as long as somebody reads it',
                   m.view, m.version), false
          from member m
         where not is_shown(m.view, m.version)
    )
    select o.kind, o.what, o.is_awaited from obstacle o order by o.rank, o.name;
$$;
