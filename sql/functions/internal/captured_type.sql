-- captured_type: the type that a domain is made of, through all domains; any other type itself.
-- Internal.
create or replace function captured_type(type_id oid)
returns oid
language sql
stable
set search_path from current
as $$
    with recursive made (id, base, depth) as (
        select t.oid, t.typbasetype, 0 from pg_type t where t.oid = captured_type.type_id
         union all
        select t.oid, t.typbasetype, m.depth + 1
          from made m join pg_type t on t.oid = m.base
         where m.base <> 0
    )
    select m.id from made m order by m.depth desc limit 1;
$$;
