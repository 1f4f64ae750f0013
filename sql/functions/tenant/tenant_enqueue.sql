-- tenant_enqueue: enqueue() for the tenant of this session.
--
-- What would let a tenant go before others (a priority, a lane of another name) or choose nodes
-- (labels) is not to be said here.
--
-- Arguments   as enqueue(), but whose it is: current_tenant().
-- Returns     the task's id; of the one that has the unique key, where none was made.
-- Raises      as enqueue(). BT068 the session has no tenant.
-- Tables      see enqueue(), current_tenant().
-- Access: tenant
create or replace function tenant_enqueue(
    handler        text,
    payload        jsonb       default '{}',
    run_at         timestamptz default null,
    meta           jsonb       default null,
    unique_key     text        default null,
    on_conflict    text        default 'skip',
    every          interval    default null,
    expires_at     timestamptz default null,
    schema_version integer     default 1
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    return enqueue(
        tenant_enqueue.handler, tenant_enqueue.payload, tenant_enqueue.run_at,
        tenant => current_tenant(), meta => tenant_enqueue.meta,
        schema_version => tenant_enqueue.schema_version,
        unique_key => tenant_enqueue.unique_key, on_conflict => tenant_enqueue.on_conflict,
        every => tenant_enqueue.every, expires_at => tenant_enqueue.expires_at);
end;
$$;
