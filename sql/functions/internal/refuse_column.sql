-- refuse_column: raise why a column cannot be shown in events, if that is so. Internal:
-- capture_table(), refresh_capture().
--
-- Rows in columns become JSON by the casts of the types in them, with the rights of the
-- environment's owner. So these types must be of somebody whom the owner trusts.
--
-- Raises      BT061.
create or replace function refuse_column(relation oid, column_name text)
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    kind  oid := (select a.atttypid from pg_attribute a
                   where a.attrelid = refuse_column.relation
                     and a.attname::text = refuse_column.column_name
                     and a.attnum > 0 and not a.attisdropped);
    fault text;
begin
    if kind is null then
        raise exception '% has no column "%"; it has %', refuse_column.relation::regclass,
            refuse_column.column_name,
            (select string_agg(a.attname::text, ', ' order by a.attnum) from pg_attribute a
              where a.attrelid = refuse_column.relation and a.attnum > 0 and not a.attisdropped)
            using errcode = 'BT061';
    end if;
    with recursive inside (id, is_in_row) as (
        select kind, false
         union
        select n.id, i.is_in_row or t.typtype = 'c'
          from inside i
          join pg_type t on t.oid = i.id
         cross join lateral (
            select t.typbasetype where t.typtype = 'd'
             union all
            select t.typelem where t.typcategory = 'A'
             union all
            select a.atttypid from pg_attribute a
             where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as n (id)
    )
    select case
               when t.typcategory = 'A' and t.typdelim <> ','
               then 'an array of such values cannot be told apart'
               else pg_catalog.format('type %s in it is of %s, whom %s does not trust',
                                      t.oid::regtype, pg_get_userbyid(t.typowner), current_user) end
      into fault
      from inside i
      join pg_type t on t.oid = i.id
      join pg_roles o on o.oid = t.typowner
     where t.oid >= 16384
       and ((t.typcategory = 'A' and t.typdelim <> ',')
            or ((i.is_in_row or t.typtype = 'c') and not o.rolsuper
                and not pg_catalog.pg_has_role(current_user, t.typowner, 'usage')))
     limit 1;
    if fault is not null then
        raise exception 'column "%" of % cannot be shown in events: %', refuse_column.column_name,
            refuse_column.relation::regclass, fault
            using errcode = 'BT061';
    end if;
end;
$$;
