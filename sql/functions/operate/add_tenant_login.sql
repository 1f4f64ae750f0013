-- add_tenant_login: a login's sessions are those of one tenant from now on; or of an application,
-- which binds one for each transaction: bind_tenant(). For the environment's owner.
--
-- The login becomes a member of the group role _tenant, where the current role may make it that.
--
-- Arguments   login: a role that may log in. tenant: whose; null: it binds them.
-- Raises      BT069 there is no such login, it could see more than one tenant whatever is said here
--             (a superuser, BYPASSRLS, the owner, a member of another group role), or it is not to
--             be made a member. BT001 the tenant is too long, or empty.
-- Grants      the group role _tenant.
-- Tables      tenant_login: insert, update.
create or replace function add_tenant_login(login text, tenant text default null)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    readers constant text := current_schema() || '_tenant';
    danger  text;
begin
    if to_regrole(pg_catalog.quote_ident(add_tenant_login.login)) is null then
        raise exception 'there is no role %: create it first',
            coalesce(pg_catalog.left(add_tenant_login.login, 63), 'null')
            using errcode = 'BT069';
    end if;
    danger := tenant_danger(add_tenant_login.login);
    if danger is not null then
        raise exception 'login % would see more than one tenant: %', add_tenant_login.login, danger
            using errcode = 'BT069';
    end if;
    if not pg_catalog.pg_has_role(add_tenant_login.login::name, readers::name, 'member') then
        begin
            execute pg_catalog.format('grant %I to %I', readers, add_tenant_login.login);
        exception when insufficient_privilege then
            raise exception '% may not make % a member of %: let an administrator run `grant % '
                'to %`, then say this again', current_user, add_tenant_login.login, readers,
                readers, add_tenant_login.login
                using errcode = 'BT069';
        end;
    end if;
    insert into tenant_login as l (login, tenant)
    values (add_tenant_login.login::name, add_tenant_login.tenant)
    on conflict (login) do update set tenant = excluded.tenant;
end;
$$;
