-- key_holder: which task has a unique key, so that it is no other one's meanwhile; the one that
-- follows, where there are two. Internal: cancel_key(), update_key().
--
-- Arguments   handler, tenant, key: which. tenant: whose, or null.
-- Returns     the task; null where none that has not ended has it.
-- Raises      BT037 nobody registered the handler. BT042 the key is null.
-- Locks       the key, until the transaction ends, if there is one.
-- Tables      task_key, task_end: read.
create or replace function key_holder(handler text, tenant text, key text)
returns bigint
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
    perform require_handler(key_holder.handler);
    if key_holder.key is null then
        raise exception 'which task: give its unique key, not null' using errcode = 'BT042';
    end if;
    select k.* into held
      from task_key k
     where k.handler = key_holder.handler and k.tenant = key_tenant(key_holder.tenant)
       and k.key = key_holder.key
       for update;
    -- Another statement: it sees what ended while this waited for the lock.
    return (select h.task
              from (values (held.next, 1), (held.task, 2)) as h (task, ordinal)
             where h.task is not null
               and not exists (select from task_end e where e.task = h.task)
             order by h.ordinal
             limit 1);
end;
$$;
