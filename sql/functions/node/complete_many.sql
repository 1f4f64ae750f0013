-- complete_many: these tasks are done, and this is what came of them.
--
-- In the transaction in which a handler wrote to this database, the task is done exactly once: if
-- it commits. Afterwards a task cannot be done by anybody else.
--
-- Arguments   session: of register_node(). tokens: of claim(). results: one for each token, or null
--             for none; held to the limits of an event's payload.
-- Returns     one row for each token, in their order. outcome:
--   done          now.
--   done already  by this same claim: a COMMIT in doubt was one.
--   lost          the task is this claim's no more, or never was; nothing was changed. Undo what
--                 was done for it.
-- Raises      BT038, BT032 the node has ended, as require_node() says. BT042 tokens and results
--             are not as many, or these are no plain array.
-- Locks       the claims, until the transaction ends: call it last. Of the steps of workflows the
--             runs before: see lock_runs().
-- Tables      task_end: insert. task_claim: see held_tasks(). Lanes: see leave_lanes(). What waits
--             for these tasks: see free_children(). Workflows: see advance_steps().
-- Access: node
create or replace function complete_many(
    session text, tokens text[], results jsonb[] default null)
returns table (token text, outcome text)
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
    me       node := require_node(complete_many.session);
    done     bigint[];
    in_lanes boolean;
begin
    if cardinality(complete_many.results) <> cardinality(complete_many.tokens) then
        raise exception '% results for % tokens: give one for each, or null',
            cardinality(complete_many.results), cardinality(complete_many.tokens)
            using errcode = 'BT042';
    elsif pg_catalog.array_ndims(complete_many.results) > 1
          or pg_catalog.array_lower(complete_many.results, 1) <> 1 then
        raise exception 'the results of complete_many() are an array of arrays, or do not begin '
            'at 1: give one for each token'
            using errcode = 'BT042';
    end if;

    if pg_catalog.pg_sequence_last_value('workflow_bell') is not null then
        perform lock_runs(complete_many.tokens);
    end if;
    with held as materialized (
        select h.* from held_tasks(me.id, complete_many.tokens) as h
    ), ended as (
        insert into task_end (task, claim, node, outcome, attempts, claimed_at, result)
        select h.task, h.claim, me.id, 'done', h.attempts + 1, h.claimed_at,
               coalesce(complete_many.results[h.ordinal], '{}')
          from held h
        on conflict (task) do nothing
        returning task
    )
    select pg_catalog.array_agg(e.task), (select pg_catalog.bool_or(h.in_lanes) from held h)
      into done, in_lanes
      from ended e;
    if in_lanes and done is not null then
        perform leave_lanes(done, false);
    end if;
    if pg_catalog.pg_sequence_last_value('task_parents') is not null then
        perform free_children(done, 100);
    end if;
    if pg_catalog.pg_sequence_last_value('workflow_bell') is not null then
        perform advance_steps(done);
    end if;

    if cardinality(done) = cardinality(complete_many.tokens) then
        return query
            select s.token, 'done'::text
              from pg_catalog.unnest(complete_many.tokens) as s (token);
        return;
    end if;
    -- Another statement: it sees what another call with the same token committed meanwhile.
    return query
        select p.token,
               case when ended_by(p.token, me.id) is distinct from 'done' then 'lost'
                    when p.task = any (done) then 'done'
                    else 'done already' end
          from token_parts(complete_many.tokens) as p
         order by p.ordinal;
end;
$$;
