-- current_tenant: whose session this is. What tenants see and make goes by it.
--
-- It follows from the login that the session began with, or from a row that bind_tenant() wrote in
-- this very transaction, which nobody else may write: from no setting, from no role that was set.
--
-- Returns     the tenant.
-- Raises      BT068 the session has none: tenants are not kept apart here, the login belongs to
--             none, or it has bound none in this transaction.
-- Tables      tenancy, tenant_login, tenant_bound: read.
-- Access: tenant
create or replace function current_tenant()
returns text
language plpgsql
stable
parallel restricted
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    known tenant_login;
    bound text;
begin
    if not (select t.is_on from tenancy t) then
        raise exception 'tenants are not kept apart in this environment: switch that on with baton '
            'tenants on'
            using errcode = 'BT068';
    end if;
    select l.* into known from tenant_login l where l.login = session_user;
    if known.tenant is not null then
        return known.tenant;
    elsif known.login is null then
        raise exception 'login % belongs to no tenant: let the environment''s owner say to which, '
            'with baton tenants add', session_user
            using errcode = 'BT068';
    end if;
    select b.tenant into bound
      from tenant_bound b
     where b.backend = pg_catalog.pg_backend_pid()
       and b.xid = pg_current_xact_id_if_assigned();
    if bound is null then
        raise exception 'this transaction is bound to no tenant: call bind_tenant() in it first'
            using errcode = 'BT068';
    end if;
    return bound;
end;
$$;
