-- handler_obstacle: what stands in the way of a promotion of handlers. Internal: promote_sets(),
-- switch_handlers().
--
-- Arguments   handlers, versions, nodes: see promote(). Each is a handler's name.
-- Returns     the first obstacle: a clause that says it, and the SQLSTATE to raise it with; no row
--             where there is none.
-- Tables      handler, handler_version: read.
create or replace function handler_obstacle(handlers text[], versions integer[], nodes integer)
returns table (what text, code text)
language sql
stable
set search_path from current
as $$
    with wanted as materialized (
        select w.name, w.version, w.ordinal, h.live_version, v.build,
               count(*) over (partition by w.name) as times
          from unnest(handler_obstacle.handlers, handler_obstacle.versions)
               with ordinality as w (name, version, ordinal)
          join handler h on h.name = w.name
          left join handler_version v on v.handler = w.name and v.version = w.version
    )
    select o.what, o.code
      from wanted w
     cross join lateral (
        select case
            when w.times > 1 then pg_catalog.format('handler %s is named twice', w.name)
            when w.build is null then pg_catalog.format(
                'handler %s has no version %s here; there is %s', w.name,
                coalesce(w.version::text, 'null'),
                (select string_agg(v.version::text || case when v.version = w.live_version
                                                           then ' (live)' else '' end, ', '
                                   order by v.version)
                   from handler_version v where v.handler = w.name))
            end as what, 'BT034' as code
         union all
        select pg_catalog.format('handler %s is live at version %s already', w.name, w.version),
               'BT035'
         where w.version = w.live_version
         union all
        select pg_catalog.format(
                   '%s@%s is carried by %s live nodes, of the %s that are asked for; %s; start a '
                   'program that carries it, or say with --nodes how many are enough',
                   w.name, w.version, cardinality(c.carriers), handler_obstacle.nodes,
                   nodes_there(w.name)),
               'BT035'
          from (select array(select carriers(w.name, w.version)) as carriers) as c
         where cardinality(c.carriers) < handler_obstacle.nodes) as o
     where o.what is not null
     order by w.ordinal, o.code
     limit 1;
$$;
