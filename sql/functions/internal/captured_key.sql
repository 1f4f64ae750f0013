-- captured_key: the columns of a table's primary key, in its order, or null. Internal:
-- capture_table().
create or replace function captured_key(relation oid)
returns text[]
language sql
stable
set search_path from current
as $$
    select nullif(array(
        select a.attname::text
          from pg_index i
         cross join lateral pg_catalog.unnest(i.indkey::smallint[]) with ordinality
                    as k (number, place)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
         where i.indrelid = captured_key.relation and i.indisprimary and k.place <= i.indnkeyatts
         order by k.place), '{}');
$$;
