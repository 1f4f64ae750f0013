-- lock_registration: registrations follow each other, and the dropping of what was retired.
-- Internal.
--
-- Not by the leader's row: a SQL reducer's script may take its time, and batches must not wait.
--
-- Locks     an advisory lock, until the transaction ends.
create or replace function lock_registration()
returns void
language sql
volatile
set search_path from current
as $$
    select pg_advisory_xact_lock(leader_lock_key() + 1);
$$;
