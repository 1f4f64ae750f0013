-- bind_tenant: this transaction is one tenant's, until it ends. For the login of an application
-- that speaks for many: add_tenant_login() without a tenant.
--
-- A transaction stays its first tenant's: what somebody smuggles into a statement of it can neither
-- bind another one nor undo this, for no setting has a part in it. The next transaction of the
-- session, or of whomever a pooler gives it to, is bound to none.
--
-- It writes, so call it before the transaction is made read only.
--
-- Arguments   tenant: whose.
-- Raises      BT068 tenants are not kept apart here. BT069 this login may bind none, or the
--             transaction is bound to another one; or no tenant was named. BT001 it is too long.
-- Tables      tenancy, tenant_login: read. tenant_bound: insert, update.
-- Access: tenant
create or replace function bind_tenant(tenant text)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    named event_tenant := bind_tenant.tenant;
begin
    if not (select t.is_on from tenancy t) then
        raise exception 'tenants are not kept apart in this environment: switch that on with baton '
            'tenants on'
            using errcode = 'BT068';
    end if;
    if not exists (select from tenant_login l
                    where l.login = session_user and l.tenant is null) then
        raise exception 'login % may bind no tenant: an application''s may, which the '
            'environment''s owner adds without one', session_user
            using errcode = 'BT069';
    end if;
    if named is null then
        raise exception 'bind_tenant() needs a tenant, not null' using errcode = 'BT069';
    end if;
    insert into tenant_bound as b (backend, xid, tenant)
    values (pg_catalog.pg_backend_pid(), pg_current_xact_id(), named)
    on conflict (backend) do update
       set xid = excluded.xid, tenant = excluded.tenant
     where b.xid <> excluded.xid or b.tenant = excluded.tenant;
    if not found then
        raise exception 'this transaction is bound to another tenant already: end it first'
            using errcode = 'BT069';
    end if;
end;
$$;
