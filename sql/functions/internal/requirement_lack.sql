-- requirement_lack: what is missing for a requirement's tasks: no live node can take them, and why.
-- Internal: task_set_state(), waiting_in_vain(), why_held_up().
--
-- Arguments   requirement: which.
-- Returns     no row where a live node can take them. Else the first that is lacking, of: lack
--   no_node        nobody carries the handler.
--   other_version  those who do carry other versions of it.
--   other_build    this version, but in another build than the one on record, or that it is pinned
--                  to.
--   labels         it, but have not all the labels.
--   found, fix     the same as people read it: what is there instead, and what to start.
-- Tables      requirement, handler_version, node, node_handler: read.
create or replace function requirement_lack(requirement integer)
returns table (lack text, found text, fix text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    with need as materialized (
        select v.handler, v.version, r.labels, coalesce(r.build, v.build) as build,
               pg_catalog.format('%s@%s', v.handler, v.version) as named,
               case when r.build is null then ' on record' else '' end as recorded,
               case when v.version <> r.version
                    then ', which does what was made for version ' || r.version::text
                    else '' end as role
          from requirement r
          join handler_version made on made.handler = r.handler and made.version = r.version
          join handler_version v
            on v.handler = made.handler
           and v.version = case when r.build is null then made.runs_as else r.version end
         where r.id = requirement_lack.requirement
    ), carried as materialized (
        select c.version, c.build, n.labels, c.version = d.version as is_version,
               c.version = d.version and c.build = d.build as is_build
          from need d
         cross join node n
          join node_handler c on c.node = n.id and c.handler = d.handler
         where is_live(n)
    ), lacking as (
        select d.*, case when not exists (select from carried) then 'no_node'
                         when not exists (select from carried c where c.is_version)
                         then 'other_version'
                         when not exists (select from carried c where c.is_build)
                         then 'other_build' else 'labels' end as lack
          from need d
         where not exists (select from carried c where c.is_build and d.labels <@ c.labels)
    )
    select l.lack,
           case l.lack
               when 'no_node' then pg_catalog.format('no live node carries %s', l.handler)
               when 'other_version' then pg_catalog.format(
                   'no live node carries %s%s, but %s', l.named, l.role,
                   (select string_agg(distinct pg_catalog.format('%s@%s', l.handler, c.version),
                                      ', ') from carried c))
               when 'other_build' then pg_catalog.format(
                   'no live node carries %s in the build%s, %s, but in %s', l.named, l.recorded,
                   l.build, (select string_agg(distinct c.build, ', ')
                               from carried c where c.is_version))
               else pg_catalog.format(
                   'no live node that carries %s has the labels %s', l.named,
                   pg_catalog.array_to_string(l.labels, ', ')) end,
           pg_catalog.format('start a node that carries %s', l.named)
           || case when l.lack = 'other_build' then ' in that build'
                   when l.lack = 'labels'
                   then ', with those labels' else '' end
      from lacking l;
$$;
