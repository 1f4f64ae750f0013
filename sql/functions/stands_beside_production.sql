-- stands_beside_production: is there an environment of kind production in this database, other
-- than this one? Internal: admit().
--
-- An environment that nobody has described counts as production. Both can be seen without any right
-- on the other schema.
create or replace function stands_beside_production()
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (
        select
          from pg_catalog.pg_namespace n
         cross join lateral pg_catalog.obj_description(n.oid, 'pg_namespace') as d (description)
         where n.nspname <> current_schema()
           and exists (select from pg_catalog.pg_class c
                        where c.relnamespace = n.oid and c.relname = 'schema_migration'
                          and c.relkind = 'r')
           and d.description ~ '^Baton environment [a-z0-9-]+ [(](development|staging)[)]$'
               is not true);
$$;
