-- check_tenants: whether tenants are kept apart, where they are to be. Part of doctor().
--
-- Returns   one row of doctor().
-- Tables    the catalogue's, tenancy, tenant_login: read.
create or replace function check_tenants()
returns table (check_name text, state text, found text, fix text)
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    readers  constant oid := to_regrole(pg_catalog.quote_ident(current_schema() || '_tenant'));
    faults   text[];
begin
    if not (select t.is_on from tenancy t) then
        return query select 'tenants', 'ok', 'not kept apart: whoever may read sees all of them',
                            null::text;
        return;
    end if;
    select pg_catalog.array_agg(f.fault order by f.fault) into faults
      from (select pg_catalog.format('no forced row-level security on %s: run baton environment '
                                     'upgrade', c.relname)
              from pg_class c
             where c.oid = any (select to_regclass(t.name)
                                  from pg_catalog.unnest(tenant_tables()) as t (name))
               and (not c.relrowsecurity or not c.relforcerowsecurity
                    or not exists (select from pg_policy p
                                    where p.polrelid = c.oid and p.polname = 'own'))
             union all
            select pg_catalog.format('tenants may read %s, which has no policy: revoke that',
                                     c.relname)
              from pg_class c
             where c.relnamespace = current_schema()::regnamespace
               and c.relkind in ('r', 'p', 'v', 'm')
               and pg_catalog.has_table_privilege(readers, c.oid, 'select')
               and c.relname <> all (tenant_tables() || array['tenant_task', 'tenant_event'])
               and not is_tenant_view(c.oid)
             union all
            (select pg_catalog.format('login %s is of tenant %s, and %s: baton tenants remove %s',
                                     l.login, coalesce(l.tenant::text, '(any)'), l.problem,
                                     l.login)
              from tenant_logins(at_most => 1000) as l
             where l.problem is not null
             limit 10)
             union all
            (select pg_catalog.format('login %s is a member of %s and belongs to no tenant: baton '
                                     'tenants add', r.rolname, readers::regrole)
              from pg_roles r
             where r.rolcanlogin and not r.rolsuper
               and pg_catalog.pg_has_role(r.oid, readers, 'usage')
               and not exists (select from tenant_login l where l.login = r.rolname)
             limit 10)) as f (fault);
    return query select 'tenants', case when faults is null then 'ok' else 'problem' end,
        case when faults is null
             then pg_catalog.format('kept apart; %s logins belong to one, or bind one', (
                 select count(*) from (select from tenant_login limit 1000) as l))
             else pg_catalog.array_to_string(faults, '; ') end,
        case when faults is not null then 'see docs/tenants.md' end;
end;
$$;
