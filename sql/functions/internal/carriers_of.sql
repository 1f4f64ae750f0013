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
set enable_seqscan = off
as $$
    select string_agg(c.name, ', ' order by c.ordinal) filter (where c.ordinal <= 3)
           || case when count(*) > 3 then ' and ' || (count(*) - 3)::text || ' more' else '' end
      from (select n.name, row_number() over (order by n.name, n.id) as ordinal
              from node n
              join node_handler c
                on c.node = n.id and c.handler = need.handler and c.version = need.version
              join handler_version v
                on v.handler = c.handler and v.version = c.version and v.build = c.build
             where is_live(n) and need.labels <@ n.labels) as c;
$$;
