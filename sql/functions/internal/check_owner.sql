-- check_owner: whether who is an orchestrator here could reach beyond this environment. Part of
-- doctor().
--
-- Orchestrators can make functions here, so they are as strong as the owner may be.
--
-- Returns   one row of doctor().
-- Tables    the catalogue's.
create or replace function check_owner()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'owner',
        case when r.rolsuper or also.own is not null or joins_any and also.foreign_ones is not null
             then 'warning' else 'ok' end,
        case when r.rolsuper
             then pg_catalog.format(
                 '%s is a superuser: who is an orchestrator here could become one', r.rolname)
             when also.own is not null
             then pg_catalog.format(
                 '%s owns %s, too: who is an orchestrator here could write there', r.rolname,
                 also.own)
             when joins_any and also.foreign_ones is not null
             then pg_catalog.format(
                 '%s may create roles, and so, before Postgres 16, join any: also those of %s',
                 r.rolname, also.foreign_ones)
             else pg_catalog.format('%s owns this environment and no other in this database',
                                    r.rolname) end,
        case when r.rolsuper or also.own is not null
             then 'let each environment have an owner of its own that is no superuser'
             when joins_any and also.foreign_ones is not null
             then pg_catalog.format('alter role %I nocreaterole', r.rolname) end
      from pg_roles r
     cross join lateral (
        select r.rolcreaterole and current_setting('server_version_num')::integer < 160000
      ) as version (joins_any)
     cross join (
        select string_agg(n.oid::regnamespace::text, ', ' order by n.nspname)
                   filter (where pg_catalog.pg_get_userbyid(n.nspowner) = current_user),
               string_agg(n.oid::regnamespace::text, ', ' order by n.nspname)
                   filter (where pg_catalog.pg_get_userbyid(n.nspowner) <> current_user)
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where c.relname = 'schema_migration' and c.relkind = 'r' and n.nspname ^@ 'baton_'
           and n.nspname <> current_schema()
      ) as also (own, foreign_ones)
     where r.rolname = current_user;
$$;
