-- capture_key: SQL for an event's key: the text of the key's column, or a JSON array of several.
-- Internal: capture_pairs(), capture_statement().
--
-- Arguments   side: see capture_object().
-- Tables      capture: read.
create or replace function capture_key(capture bigint, relation oid, side text)
returns text
language sql
stable
set search_path from current
as $$
    select case count(*)
           when 0 then 'null::pg_catalog.text'
           when 1 then pg_catalog.format(
               'nullif(pg_catalog.concat(%1$L, %2$s), %1$L)', min(k.key_prefix),
               min(capture_side(capture_key.side, c.field, c.place)))
           else pg_catalog.format(
               '(%L || %s || '']'')', min(k.key_prefix) || '[',
               string_agg(captured_value(capture_side(capture_key.side, c.field, c.place),
                                         c.type_id), ' || '', '' || ' order by c.key_place)) end
      from capture k
     cross join lateral capture_columns(k.id, capture_key.relation) as c
     where k.id = capture_key.capture and c.key_place is not null and c.type_id is not null;
$$;
