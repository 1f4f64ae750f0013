-- capture_columns: the fields of a capture, and which column of a table each is now. Internal.
--
-- A column is known by its name. Where there is none of that name, it is the one that had it when
-- the capture was last made, if that has another name now. One that was dropped, and made anew
-- under its name, is that of its name.
--
-- Arguments   capture. relation: the captured table, or a part of it, pg_class.oid.
-- Returns     in the order of the columns. place: 1, 2, ...; column_name, type_id: null where the
--             column is gone; former_name, former_type: what they were; key_place: where it is a
--             part of the key.
-- Tables      capture: read.
create or replace function capture_columns(capture bigint, relation oid)
returns table (
    field text, place bigint, column_name text, type_id oid, former_name text, former_type text,
    is_shown boolean, key_place integer)
language sql
stable
set search_path from current
as $$
    select c.item ->> 'field', c.place, a.attname::text, a.atttypid, c.item ->> 'name',
           c.item ->> 'type', c.item ->> 'field' = any (k.fields),
           pg_catalog.array_position(k.key_fields, c.item ->> 'field')
      from capture k
     cross join lateral pg_catalog.jsonb_array_elements(k.columns) with ordinality
                as c (item, place)
      left join lateral (
        select m.attname::text as name
          from pg_attribute m
         where m.attrelid = k.table_id and m.attnum = (c.item ->> 'number')::smallint
           and not m.attisdropped
           and capture_columns.relation in (select captured_tables(k.table_id))
           and not exists (select from pg_attribute n
                            where n.attrelid = k.table_id
                              and n.attname::text = c.item ->> 'name')) as renamed on true
      left join pg_attribute a
        on a.attrelid = capture_columns.relation and a.attnum > 0 and not a.attisdropped
       and a.attname::text = coalesce(renamed.name, c.item ->> 'name')
     where k.id = capture_columns.capture
     order by c.place;
$$;
