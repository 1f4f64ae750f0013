-- view_of_tenants: a query of which the session of a tenant finds its own rows, and everybody else
-- all. Internal: show_view().
--
-- It asks what current_tenant() asks, but no function: whoever reads a view would need the right to
-- call it. A session without a tenant finds no row, because a view cannot raise. Whose session it
-- is, is asked once for each statement. The view is to be a security_barrier, so that no function
-- of its reader's sees a row before this has chosen.
--
-- Arguments   rows: the query, which has a column tenant.
-- Tables      tenant_login, tenant_bound: read.
-- Access: orchestrate
create or replace function view_of_tenants(rows text)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format(
        'select r.* from (%s) as r '
        'where (select not exists (select from tenant_login l where l.login = session_user) '
        'and not exists (select from pg_catalog.pg_roles u '
        'where u.rolname in (session_user, current_user) and not u.rolsuper '
        'and pg_catalog.pg_has_role(u.oid, %L::name, ''usage''))) '
        'or r.tenant = (select coalesce(l.tenant::text, b.tenant) from tenant_login l '
        'left join tenant_bound b on b.backend = pg_catalog.pg_backend_pid() '
        'and b.xid = pg_catalog.pg_current_xact_id_if_assigned() '
        'where l.login = session_user)',
        view_of_tenants.rows, current_schema() || '_tenant');
$$;
