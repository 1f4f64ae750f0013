-- reducer_objects: what a reducer's version has: its table and functions, and those that its script
-- made beside them, whose names begin with <name>__v<version>_. Internal.
--
-- A table of another version, <other>__v<n>, is that version's, whatever it is called.
--
-- Returns   relation, or routine; what depends on another comes before it, as far as names tell.
-- Tables    reducer_version: read.
-- Access: orchestrate
create or replace function reducer_objects(name text, version integer)
returns table (relation regclass, routine regprocedure)
language sql
stable
set search_path from current
as $$
    with versioned as (
        select reducer_objects.name || '__v' || reducer_objects.version::text as name
    ), other as (
        select o.name || '__v' || o.version::text as name
          from reducer_version o
         where (o.name, o.version) <> (reducer_objects.name, reducer_objects.version)
    ), object as (
        select null::oid as relation, p.oid as routine, p.proname::text as name
          from pg_proc p
         where p.pronamespace = current_schema()::regnamespace
         union all
        select c.oid, null, c.relname::text
          from pg_class c
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    )
    select o.relation::regclass, o.routine::regprocedure
      from versioned v
      join object o on o.name = v.name or o.name ^@ (v.name || '_')
     where not exists (select from other
                        where other.name ^@ (v.name || '_')
                          and (o.name = other.name or o.name ^@ (other.name || '_')))
     order by o.routine is null, o.name desc;
$$;
