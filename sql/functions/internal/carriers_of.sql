-- carriers_of: which live nodes can take a requirement's tasks, the first three by name, as people
-- read it. Internal: why_waiting().
--
-- Arguments   need: the requirement's row.
-- Tables      node, node_handler, handler_version: read.
create or replace function carriers_of(need requirement)
returns text
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select string_agg(c.name, ', ' order by c.ordinal) filter (where c.ordinal <= 3)
           || case when count(*) > 3 then ' and ' || (count(*) - 3)::text || ' more' else '' end
      from (select n.name, row_number() over (order by n.name, n.id) as ordinal
              from handler_version made
              join handler_version v
                on v.handler = made.handler
               and v.version = case when need.build is null then made.runs_as
                                    else need.version end
              join node_handler c
                on c.handler = v.handler and c.version = v.version
               and c.build = coalesce(need.build, v.build)
              join node n on n.id = c.node
             where made.handler = need.handler and made.version = need.version
               and is_live(n) and need.labels <@ n.labels) as c;
$$;
