-- tenant_cancel_key: cancel_key() for a unique key of this session's tenant.
--
-- Arguments   as cancel_key().
-- Returns     as cancel_key(): 0 where no task of the tenant has the key, whoever else has.
-- Raises      as cancel_key(). BT068 the session has no tenant.
-- Tables      see cancel_key(), current_tenant().
-- Access: tenant
create or replace function tenant_cancel_key(
    handler text, unique_key text, reason text default null)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    return cancel_key(tenant_cancel_key.handler, tenant_cancel_key.unique_key,
                      tenant_cancel_key.reason, current_tenant());
end;
$$;
