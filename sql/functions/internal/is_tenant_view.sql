-- is_tenant_view: whether a public view shows a tenant its own rows alone. Internal:
-- check_tenants(), grant_view().
--
-- Arguments   made: the view.
-- Returns     whether it is as view_of_tenants() makes it.
create or replace function is_tenant_view(made regclass)
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (select from pg_class c
                    where c.oid = is_tenant_view.made and c.relkind = 'v'
                      and 'security_barrier=true' = any (c.reloptions))
           and exists (select from pg_depend d
                         join pg_rewrite r on r.oid = d.objid
                        where d.classid = 'pg_rewrite'::regclass
                          and r.ev_class = is_tenant_view.made
                          and d.refclassid = 'pg_class'::regclass
                          and d.refobjid = 'tenant_bound'::regclass);
$$;
