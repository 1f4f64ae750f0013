-- update_key: update_task() for the task that has a unique key, or the one that follows it.
--
-- Arguments   handler, unique_key: as enqueue(). tenant: as cancel_key(). The rest: as
--             update_task().
-- Returns     as update_task(); null where no task has the key.
-- Raises      as update_task().
-- Locks       see key_holder(), update_task().
-- Tables      see update_task().
-- Access: dispatch, orchestrate
create or replace function update_key(
    handler    text,
    unique_key text,
    payload    jsonb       default null,
    run_at     timestamptz default null,
    priority   integer     default null,
    labels     text[]      default null,
    schema_version integer default null,
    expires_at timestamptz default null,
    tenant     text        default null
)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    holder bigint;
begin
    perform require_read_committed('update_key');
    holder := key_holder(update_key.handler, update_key.tenant, update_key.unique_key);
    return case when holder is not null then update_task(
        holder, update_key.payload, update_key.run_at, update_key.priority, update_key.labels,
        update_key.schema_version, update_key.expires_at) end;
end;
$$;
