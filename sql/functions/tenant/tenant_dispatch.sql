-- tenant_dispatch: dispatch() for the tenant of this session.
--
-- Arguments   as dispatch(), but whose it is: current_tenant().
-- Returns     as dispatch().
-- Raises      as dispatch(). BT068 the session has no tenant.
-- Tables      see dispatch(), current_tenant().
-- Access: tenant
create or replace function tenant_dispatch(
    type           text,
    payload        jsonb   default '{}',
    key            text    default null,
    meta           jsonb   default null,
    dispatch_id    uuid    default null,
    schema_version integer default 1
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    return dispatch(tenant_dispatch.type, tenant_dispatch.payload, tenant_dispatch.key,
                    current_tenant(), tenant_dispatch.meta, tenant_dispatch.dispatch_id,
                    tenant_dispatch.schema_version);
end;
$$;
