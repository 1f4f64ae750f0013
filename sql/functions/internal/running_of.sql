-- running_of: what nodes hold of a handler's tasks. Internal: ring_for_waiting(),
-- running_room(), why_limited().
--
-- Arguments   handler: which.
-- Returns     one row for each claim. tasks: how many of it are neither ended nor gone back.
-- Cost        of the nodes, and of the handler's claims that were not cleared away yet.
-- Tables      node, task_claim, task_end: read.
create or replace function running_of(handler text)
returns table (claim bigint, tasks integer)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
        select c.id, (
                   select count(*)
                     from pg_catalog.unnest(c.tasks) as h (task)
                    where h.task <> all (c.returned)
                      and not exists (select from task_end e where e.task = h.task))::integer
          from node n
          join task_claim c on c.node = n.id and c.handler = running_of.handler;
end;
$$;
