-- captured_value: SQL for the JSON text of a column's value. Internal: capture_object(),
-- capture_change(), capture_key().
--
-- The triggers' function runs with the rights of the environment's owner, and Postgres converts a
-- value of a type of somebody's own to JSON by that type's cast, which is somebody's own function.
-- So only Postgres' own types are converted so, and rows, whose types refuse_column() has looked
-- at. All else is taken as the text that Postgres prints. An event's JSON is put together as text,
-- because that takes two thirds of the time.
--
-- Arguments   expression: SQL. type_id: its type. Of a json value with \u0000 in it there is no
--             jsonb: that is taken as a text.
create or replace function captured_value(expression text, type_id oid)
returns text
language plpgsql
stable
set search_path from current
set standard_conforming_strings = on
as $$
declare
    base    oid := captured_type(captured_value.type_id);
    element oid := (select captured_type(t.typelem) from pg_type t
                     where t.oid = base and t.typcategory = 'A');
    made    text;
begin
    if base in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'jsonb'::regtype) then
        made := '%1$s::pg_catalog.text';
    elsif base = 'json'::regtype then
        made := 'case when pg_catalog.strpos(%1$s::pg_catalog.text, ''\u0000'') > 0 then '
                'pg_catalog.to_json(%1$s::pg_catalog.text)::pg_catalog.text '
                'else %1$s::pg_catalog.text end';
    -- The first oid of what is not Postgres' own.
    elsif coalesce(element, base) < 16384
          or exists (select from pg_type t
                      where t.oid = coalesce(element, base) and t.typtype = 'c')
    then
        made := 'pg_catalog.to_json(%1$s)::pg_catalog.text';
    else
        made := 'case when %1$s is not null then pg_catalog.to_json(pg_catalog.concat(%1$s)%2$s)'
                '::pg_catalog.text end';
    end if;
    return pg_catalog.format('coalesce(' || made || ', ''null'')', captured_value.expression,
                             case when element is not null then '::pg_catalog.text[]' end);
end;
$$;
