-- tenant_logins: the logins that belong to tenants, by tenant.
--
-- Arguments   of_tenant: only those of it; null: all. after: the login after which the page begins,
--             of a former one; at_most: how many, 1000 at most.
-- Returns     tenant: null, it binds them. problem: why it sees more, or is not there; null: fine.
-- Tables      tenant_login: read.
-- Access: observe, orchestrate
create or replace function tenant_logins(
    of_tenant text default null, after text default null, at_most integer default 100)
returns table (login text, tenant text, added_at timestamptz, problem text)
language sql
stable
security definer
set search_path from current
as $$
    select l.login::text, l.tenant::text, l.added_at,
           case when r.oid is null then 'there is no such role'
                else tenant_danger(r.rolname::text) end
      from tenant_login l
      left join pg_roles r on r.rolname = l.login
     where (tenant_logins.of_tenant is null or l.tenant = tenant_logins.of_tenant)
       and (tenant_logins.after is null or l.login > tenant_logins.after::name)
     order by l.login
     limit least(tenant_logins.at_most, 1000);
$$;
