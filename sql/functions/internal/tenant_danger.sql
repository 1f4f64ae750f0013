-- tenant_danger: why a login would see what other tenants have, whatever is said of it. Internal:
-- add_tenant_login(), tenant_logins().
--
-- Arguments   login: of a role that there is.
-- Returns     the reason; null if there is none.
create or replace function tenant_danger(login text)
returns text
language sql
stable
set search_path from current
as $$
    select case
        when r.rolsuper then 'it is a superuser'
        when r.rolbypassrls then 'it has BYPASSRLS'
        when pg_catalog.pg_has_role(r.oid, n.nspowner, 'member')
        then 'it is the environment''s owner, or a member of it'
        else (select pg_catalog.format('it is a member of %s', min(g.rolname))
                from pg_roles g
               where g.rolname in (n.nspname::text || '_dispatch', n.nspname::text || '_node',
                                   n.nspname::text || '_orchestrate',
                                   n.nspname::text || '_observe')
                 and pg_catalog.pg_has_role(r.oid, g.oid, 'member')
              having count(*) > 0) end
      from pg_roles r
      join pg_namespace n on n.nspname = current_schema()
     where r.rolname = tenant_danger.login;
$$;
