-- key_tenant: whose a unique key or a dispatch_id is. Internal: dispatch_once(), give_key(),
-- key_holder(), lock_key().
--
-- Arguments   tenant: that was named, or null.
-- Returns     the tenant, where tenants are kept apart (set_tenants()) and one was named; else ''.
-- Tables      tenancy: read.
create or replace function key_tenant(tenant text)
returns text
language sql
stable
set search_path from current
as $$
    select case when key_tenant.tenant is not null and (select t.is_on from tenancy t)
                then key_tenant.tenant else '' end;
$$;
