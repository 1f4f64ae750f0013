-- held_many: held_tasks() of many tokens. The arrays of their claims are read once, and not
-- searched for each token, which takes the square of what a claim may take. Internal:
-- held_tasks().
--
-- Arguments   node: who asks. tokens: of claim().
-- Returns     as held_tasks().
-- Locks       as held_tasks().
-- Tables      task_claim: read.
-- Cost        of the tasks of the claims that are shown. The joins are of functions, of whose rows
--             nothing is known when a plan is made; so the settings say which.
create or replace function held_many(node bigint, tokens text[])
returns table (
    ordinal bigint, task bigint, claim bigint, claimed_at timestamptz, attempts integer,
    deliveries integer, started boolean, in_lanes boolean)
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
        with shown as materialized (
            select p.ordinal, p.task, p.claim
              from token_parts(held_many.tokens) as p
             where p.claim is not null
        ), locked as materialized (
            select c.*
              from task_claim c
             where c.id = any (array(select distinct s.claim from shown s))
               and c.node is not distinct from held_many.node
             order by c.id
               for share
        )
        select s.ordinal, s.task, c.id, c.claimed_at, h.attempts::integer,
               h.deliveries::integer, b.task is not null, c.in_lanes
          from locked c
         cross join lateral unnest(c.tasks, c.attempts, c.deliveries)
               as h (task, attempts, deliveries)
          join shown s on s.claim = c.id and s.task = h.task
          left join (select l.id, t.task
                       from locked l cross join lateral pg_catalog.unnest(l.started) as t (task)
               ) as b on b.id = c.id and b.task = h.task
         where not exists (
            select from locked l cross join lateral pg_catalog.unnest(l.returned) as t (task)
             where l.id = c.id and t.task = h.task);
end;
$$;
