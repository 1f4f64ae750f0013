-- cancel_key: cancel() for the task that has a unique key; and for the one that follows it, first.
--
-- Arguments   handler, unique_key: as enqueue(). reason: as cancel(). tenant: whose key, where
--             tenants are kept apart: see set_tenants().
-- Returns     how many were cancelled: 0 where no task has the key, 2 where another one followed.
-- Raises      as cancel().
-- Locks       see key_holder(), cancel().
-- Tables      see cancel().
-- Access: dispatch, orchestrate
create or replace function cancel_key(
    handler text, unique_key text, reason text default null, tenant text default null)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    holder    bigint;
    former    bigint;
    cancelled integer := 0;
begin
    perform require_read_committed('cancel_key');
    loop
        holder := key_holder(cancel_key.handler, cancel_key.tenant, cancel_key.unique_key);
        -- One that has ended just now frees the key, or leaves it to the other.
        exit when holder is null or holder = former;
        cancelled := cancelled + (cancel(holder, cancel_key.reason) = 'cancelled')::integer;
        former := holder;
    end loop;
    return cancelled;
end;
$$;
