-- capture_body: the body of the function of a capture's triggers, capture_<id>(). Internal:
-- make_capture().
--
-- It has the statements for the table as it is, which Postgres plans once a session. Where a column
-- has another name or type by now, or is gone, it asks for other ones, which takes longer, and is
-- right all the same: the application's statement must not fail for that.
--
-- Arguments   capture. relation: its table.
-- Tables      capture: read.
create or replace function capture_body(capture bigint, relation oid)
returns text
language sql
stable
set search_path from current
set standard_conforming_strings = on
as $$
    with known as (
        select count(*) as number,
               string_agg(pg_catalog.format('(a.attname = %L and a.atttypid = %s)', c.column_name,
                                            c.type_id), E'\n or ' order by c.place) as names
          from capture k
         cross join lateral capture_columns(k.id, capture_body.relation) as c
         where k.id = capture_body.capture
           and (c.is_shown or c.key_place is not null or k.condition is not null)
    )
    select pg_catalog.format($body$
#variable_conflict use_column
declare
    made bigint;
begin
    if tg_op = 'TRUNCATE' then
        insert into event (type, payload)
        values (%1$L, pg_catalog.jsonb_build_object('op', 'truncate', 'table',
            pg_catalog.format('%%I.%%I', tg_table_schema, tg_table_name)));
    elsif (select pg_catalog.count(*) from pg_catalog.pg_attribute a
            where a.attrelid = tg_relid and (%2$s)) <> %3$s
    then
        begin
            execute capture_statement(%4$s, tg_relid, tg_op, 'old_rows', 'new_rows');
        exception when syntax_error_or_access_rule_violation then
            raise exception 'the changes of %%.%% cannot be made events of type %%: the table is '
                'not what it was when they were asked for: %%; let the owner of the environment '
                'take the capture away (baton capture remove) and add it anew',
                tg_table_schema, tg_table_name, %1$L, sqlerrm
                using errcode = 'BT062';
        end;
    elsif tg_op = 'INSERT' then
        %5$s;
    elsif tg_op = 'UPDATE' then
        %6$s;
    else
        %7$s;
    end if;
    get diagnostics made = row_count;
    if made > 0 then
        perform ring();
    end if;
    return null;
end;
$body$,
        k.event_type, n.names, n.number, k.id,
        capture_statement(k.id, capture_body.relation, 'INSERT', 'old_rows', 'new_rows'),
        capture_statement(k.id, capture_body.relation, 'UPDATE', 'old_rows', 'new_rows'),
        capture_statement(k.id, capture_body.relation, 'DELETE', 'old_rows', 'new_rows'))
      from capture k, known n
     where k.id = capture_body.capture;
$$;
