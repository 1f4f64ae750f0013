-- start_many: a handler starts with these tasks: from now on an attempt is counted, should the node
-- go away. Without it, what a node was given and did not come to costs no attempt.
--
-- A task that is completed or failed has started anyway, so there is no need to call this for what
-- takes no time; a node that calls it for what has run for some time already loses little.
--
-- Arguments   session: of register_node(). tokens: of claim().
-- Returns     the tokens whose tasks are this claim's no more: do not start with them.
-- Raises      BT038, BT032 the node has ended, as require_node() says.
-- Locks       the claims, until the transaction ends.
-- Tables      task_claim: update. task_end: read.
-- Access: node
create or replace function start_many(session text, tokens text[])
returns setof text
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    me   node := require_node(start_many.session);
    held bigint[];
begin
    perform require_read_committed('start_many');
    perform lock_claims(me.id, start_many.tokens);
    with good as materialized (
        select h.*
          from held_tasks(me.id, start_many.tokens) as h
         where not exists (select from task_end e where e.task = h.task)
    ), marked as (
        update task_claim c
           set started = c.started || s.tasks
          from (select g.claim, pg_catalog.array_agg(distinct g.task) as tasks
                  from good g where not g.started group by g.claim) as s
         where c.id = s.claim
    )
    select coalesce(pg_catalog.array_agg(g.ordinal), '{}') into held from good g;

    return query
        select t.token
          from pg_catalog.unnest(start_many.tokens) with ordinality as t (token, ordinal)
         where t.ordinal <> all (held)
         order by t.ordinal;
end;
$$;
