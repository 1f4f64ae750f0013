-- lock_claims: wait for whoever is completing tasks of these claims, and keep others out. Internal:
-- give_up(), start_many().
--
-- A statement of its own, before what looks: one that waits for a lock in its middle goes on with
-- what it saw before, and would not see that the task was completed meanwhile.
--
-- Arguments   node: whose. tokens: of claim().
-- Locks       the claims, until the transaction ends.
-- Tables      task_claim: read.
create or replace function lock_claims(node bigint, tokens text[])
returns void
language sql
volatile
set search_path from current
as $$
    select from task_claim c
     where c.node = lock_claims.node
       and c.id in (select p.claim from token_parts(lock_claims.tokens) as p)
     order by c.id
       for no key update;
$$;
