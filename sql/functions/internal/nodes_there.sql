-- nodes_there: which live nodes there are, and what they carry of a handler, as people read it.
-- Internal: handler_obstacle().
--
-- Arguments   handler: of which.
-- Returns     a clause: at most ten by name.
-- Tables      node, node_handler, handler_version: read.
create or replace function nodes_there(handler text)
returns text
language sql
stable
set search_path from current
as $$
    with there as (
        select n.name,
               coalesce(string_agg(pg_catalog.format(
                            '%s@%s%s', c.handler, c.version,
                            case when c.build <> v.build then ' in another build' end), ', '
                            order by c.version) filter (where c.handler is not null),
                        'nothing of it') as carried,
               row_number() over (order by max(c.version) desc nulls last, n.name, n.id) as ordinal
          from node n
          left join node_handler c on c.node = n.id and c.handler = nodes_there.handler
          left join handler_version v on v.handler = c.handler and v.version = c.version
         where is_live(n)
         group by n.id
    )
    select coalesce('there are ' || string_agg(pg_catalog.format('%s (%s)', t.name, t.carried),
                                               ', ' order by t.ordinal)
                                        filter (where t.ordinal <= 10)
                    || case when count(*) > 10
                            then ' and ' || (count(*) - 10)::text || ' more' else '' end,
                    'there is no live node')
      from there t;
$$;
