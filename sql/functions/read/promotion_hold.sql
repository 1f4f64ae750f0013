-- promotion_hold: what a promotion that was asked for waits for, in words.
--
-- Returns     a clause; null where there is no such promotion, or it has an end.
-- Tables      promotion, set_version, view_state, view_build, batch: read.
-- Access: observe, orchestrate
create or replace function promotion_hold(id bigint)
returns text
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    with asked as (
        select p.view_sets, p.versions
          from promotion p
         where p.id = promotion_hold.id and p.state = 'requested'
    ), member as (
        select m.view || '@' || m.version::text as name, m.view, m.version, m.b, m.is_kept
          from asked a
         cross join lateral promotion_builds(a.view_sets, a.versions) as m
    )
    select coalesce(
           (select pg_catalog.format('the build of %s is halted at position %s', m.name,
                                     (m.b).position)
              from member m where (m.b).state = 'halted' order by m.name limit 1),
           (select case when (former_keeper(m.view, m.version)).is_expected
                        then pg_catalog.format('the process that kept %s is not back yet', m.name)
                        else pg_catalog.format('nobody keeps %s: start a program that carries it',
                                               m.name) end
              from member m where m.is_kept is not true order by m.name limit 1),
           (select pg_catalog.format('%s has %s of %s events', m.name, (m.b).position,
                                     log_end())
              from member m where (m.b).state <> 'ready' order by m.name limit 1),
           (select pg_catalog.format('view %s cannot be made to show %s as long as somebody reads '
                                     'it', m.view, m.name)
              from member m where not is_shown(m.view, m.version) order by m.name limit 1),
           shared_laggard(a.view_sets, a.versions),
           'the process that keeps it takes the lead')
      from asked a;
$$;
