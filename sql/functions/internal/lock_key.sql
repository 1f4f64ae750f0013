-- lock_key: which tasks have a unique key; nobody else can take it meanwhile. Internal:
-- may_return(), settle_key().
--
-- Arguments   handler, tenant, key: which. tenant: whose, or null.
-- Returns     one row. task: that has it. next: that follows it. Null where there is none that has
--             not ended. last: the newest that had it. since, free_at, former_free_at: see
--             task_key.
-- Locks       the key, until the transaction ends.
-- Tables      task_key: insert, read. task_end: read.
create or replace function lock_key(handler text, tenant text, key text)
returns table (
    task bigint, next bigint, last bigint, since timestamptz, free_at timestamptz,
    former_free_at timestamptz)
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    held task_key;
begin
    loop
        insert into task_key (handler, tenant, key)
        values (lock_key.handler, key_tenant(lock_key.tenant), lock_key.key)
        on conflict (handler, tenant, key) do nothing;
        select k.* into held
          from task_key k
         where k.handler = lock_key.handler and k.tenant = key_tenant(lock_key.tenant)
           and k.key = lock_key.key
           for update;
        exit when found;
        -- maintain() cleared it away meanwhile.
    end loop;
    -- Another statement: it sees what ended while this waited for the lock.
    return query
        select l.live[1], l.live[2], coalesce(held.next, held.task), held.since, held.free_at,
               held.former_free_at
          from (select array(
                    select h.task
                      from pg_catalog.unnest(array[held.task, held.next]) with ordinality
                           as h (task, ordinal)
                     where h.task is not null
                       and not exists (select from task_end e where e.task = h.task)
                     order by h.ordinal) as live) as l;
end;
$$;
