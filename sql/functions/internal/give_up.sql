-- give_up: tasks are their claims' no more. Internal: await_callback(), end_long_runs(), fail(),
-- pull_task(), release_many(), snooze(). The caller puts each where it belongs now.
--
-- Arguments   node: whose claims. tokens: of claim().
-- Returns     what was held until now, one row for each task: see held_tasks(). What the token is
--             good for no more is not among them.
-- Locks       the claims, until the transaction ends; waits for whoever is completing their tasks.
-- Tables      task_claim: update. task_end: read.
create or replace function give_up(node bigint, tokens text[])
returns table (
    ordinal bigint, task bigint, claim bigint, claimed_at timestamptz, attempts integer,
    deliveries integer, started boolean)
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
    perform lock_claims(give_up.node, give_up.tokens);
    return query
        with held as materialized (
            select distinct on (h.task) h.*
              from held_tasks(give_up.node, give_up.tokens) as h
             where not exists (select from task_end e where e.task = h.task)
             order by h.task, h.ordinal
        ), given_up as (
            update task_claim c
               set returned = c.returned || g.tasks
              from (select h.claim, pg_catalog.array_agg(h.task) as tasks
                      from held h group by h.claim) as g
             where c.id = g.claim
        )
        select h.ordinal, h.task, h.claim, h.claimed_at, h.attempts, h.deliveries, h.started
          from held h
         order by h.ordinal;
end;
$$;
