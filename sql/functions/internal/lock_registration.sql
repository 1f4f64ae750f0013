-- lock_registration: registrations follow each other, and the dropping of what was retired.
-- Internal.
--
-- Not by the leader's row: a SQL reducer's script may take its time, and batches must not wait.
--
-- Locks     the turn 'registration', until the transaction ends.
-- Tables    turn: lock.
-- Access: orchestrate
create or replace function lock_registration()
returns void
language sql
volatile
security definer
set search_path from current
as $$
    select from turn where name = 'registration' for update;
$$;
