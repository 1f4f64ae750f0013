-- lock_claims: wait for whoever is completing tasks of these claims, and keep others out. Internal:
-- give_up(), start_many().
--
-- A statement of its own, before what looks: one that waits for a lock in its middle goes on with
-- what it saw before, and would not see that the task was completed meanwhile.
--
-- Arguments   node: whose. tokens: of claim().
-- Locks       the claims, until the transaction ends.
-- Tables      task_claim: read.
-- Cost        see held_tasks().
create or replace function lock_claims(node bigint, tokens text[])
returns void
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select from task_claim c
     where c.id = any (array(select p.claim from token_parts(lock_claims.tokens) as p))
       and c.node is not distinct from lock_claims.node
     order by c.id
       for no key update;
$$;
