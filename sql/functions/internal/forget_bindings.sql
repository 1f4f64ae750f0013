-- forget_bindings: delete what server processes that are gone bound. Internal: maintain().
--
-- A row costs nothing until there are very many, so it looks once there are a thousand: a server
-- process that is started anew has another number.
--
-- Tables    tenant_bound: read, delete. pg_stat_activity: read.
create or replace function forget_bindings()
returns void
language sql
volatile
set search_path from current
as $$
    delete from tenant_bound where backend = any (array(
        select b.backend from tenant_bound b
         where (select count(*) from (select from tenant_bound limit 1000) as few) >= 1000
           and not exists (select from pg_stat_activity a where a.pid = b.backend)
           for update skip locked));
$$;
