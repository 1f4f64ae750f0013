-- reducer_objects: what a reducer's version has: its table and functions, and those that its script
-- made beside them, whose names begin with <name>__v<version>_. Internal.
--
-- A table of another version, <other>__v<n>, is that version's, whatever it is called.
--
-- Returns   relation, or routine; what depends on another comes before it, as far as names tell.
create or replace function reducer_objects(name text, version integer)
returns table (relation regclass, routine regprocedure)
language sql
stable
set search_path from current
as $$
    with versioned as (
        select reducer_objects.name || '__v' || reducer_objects.version::text as name
    )
    select null::regclass, p.oid::regprocedure
      from versioned v
      join pg_proc p on p.pronamespace = current_schema()::regnamespace
                    and (p.proname = v.name or p.proname ^@ (v.name || '_'))
     where not exists (select from reducer_version o
                        where (o.name, o.version)
                              <> (reducer_objects.name, reducer_objects.version)
                          and o.name || '__v' || o.version::text ^@ (v.name || '_')
                          and (p.proname = o.name || '__v' || o.version::text
                               or p.proname ^@ (o.name || '__v' || o.version::text || '_')))
     union all
    (select c.oid::regclass, null::regprocedure
       from versioned v
       join pg_class c on c.relnamespace = current_schema()::regnamespace
                      and c.relkind in ('r', 'p')
                      and (c.relname = v.name or c.relname ^@ (v.name || '_'))
      where not exists (select from reducer_version o
                         where (o.name, o.version)
                               <> (reducer_objects.name, reducer_objects.version)
                           and o.name || '__v' || o.version::text ^@ (v.name || '_')
                           and (c.relname = o.name || '__v' || o.version::text
                                or c.relname ^@ (o.name || '__v' || o.version::text || '_')))
      order by c.relname desc);
$$;
