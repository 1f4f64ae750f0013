-- held_tasks: what a node holds of the tasks that it shows tokens of; their claims are locked, so
-- that neither maintain() nor another call gives them back meanwhile. Internal: complete_many(),
-- extend(), give_up(), progress(), start_many().
--
-- Arguments   node: who asks. tokens: of claim().
-- Returns     one row for each token that is good: which number it has among the tokens, from 1.
--             in_lanes: some of its claim's tasks are.
-- Locks       the claims, until the transaction ends, against what changes them.
-- Tables      task_claim: read.
-- Cost        of the claims that are shown, however many there are: they are found by their ids,
--             and whose they are is said in a way that no index is for. Of few tokens: to search
--             the arrays of their claims. Of more: held_many().
create or replace function held_tasks(node bigint, tokens text[])
returns table (
    ordinal bigint, task bigint, claim bigint, claimed_at timestamptz, attempts integer,
    deliveries integer, started boolean, in_lanes boolean)
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    if cardinality(held_tasks.tokens) > 8 then
        return query
            select h.* from held_many(held_tasks.node, held_tasks.tokens) as h;
        return;
    end if;
    return query
        with shown as materialized (
            select p.ordinal, p.task, p.claim
              from token_parts(held_tasks.tokens) as p
             where p.claim is not null
        ), locked as materialized (
            select c.*
              from task_claim c
             where c.id = any (array(select distinct s.claim from shown s))
               and c.node is not distinct from held_tasks.node
             order by c.id
               for share
        )
        select s.ordinal, s.task, c.id, c.claimed_at,
               c.attempts[h.place]::integer, c.deliveries[h.place]::integer,
               s.task = any (c.started), c.in_lanes
          from shown s
          join locked c on c.id = s.claim
         cross join lateral (
            select pg_catalog.array_position(c.tasks, s.task) as place offset 0) as h
         where h.place is not null and s.task <> all (c.returned);
end;
$$;
