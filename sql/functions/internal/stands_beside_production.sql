-- stands_beside_production: is there an environment of kind production in this database, other
-- than this one? Internal: check_machine().
--
-- An environment that nobody has described counts as production; half an installation, or a table
-- of an application's that is called as one of ours, is no environment. Only the catalogue is read,
-- without any right on the other schema.
--
-- Whoever may make a schema can make one that looks like production, and so keep machines from
-- enrolling themselves: so the schema's owner must be a superuser's, the database's owner, or of
-- this environment; or the schema must have its group roles, which takes the right to make roles.
create or replace function stands_beside_production()
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (
        select
          from pg_catalog.pg_namespace n
          join pg_catalog.pg_class c
            on c.relnamespace = n.oid and c.relname = 'schema_migration' and c.relkind = 'r'
          join pg_catalog.pg_roles o on o.oid = n.nspowner
          join pg_catalog.pg_roles me on me.rolname = current_user
         where n.nspname <> current_schema()
           and pg_catalog.obj_description(c.oid, 'pg_class') ^@ 'baton '
           and pg_catalog.obj_description(n.oid, 'pg_namespace')
               ~ '^Baton environment [a-z0-9-]+ [(](development|staging)[)]$' is not true
           and (o.rolsuper
                or o.oid = me.oid
                or not me.rolsuper and pg_catalog.pg_has_role(o.oid, 'member')
                or exists (select from pg_catalog.pg_database d
                            where d.datname = current_database() and d.datdba = o.oid)
                or exists (select from pg_catalog.pg_roles g
                            where g.rolname = n.nspname || '_orchestrate'
                              and pg_catalog.has_schema_privilege(g.oid, n.oid, 'usage'))));
$$;
