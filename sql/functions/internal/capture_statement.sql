-- capture_statement: the statement that makes a statement's changes of a table events. Internal;
-- the function of each capture's triggers has those for its table, and asks for another one where
-- the table's columns are not what they were: capture_body().
--
-- The transition tables of an UPDATE have their rows in one order, so the n-th old row became the
-- n-th new one, also where its key changed. Such a row makes two events, one for each key; what
-- goes away goes first, so that keys that change places are right whoever reads them one by one.
--
-- Arguments   relation: the table, or a part of it. operation: 'INSERT', 'UPDATE' or 'DELETE'.
--             old_rows, new_rows: the names of the transition tables.
-- Tables      capture: read. event: insert.
create or replace function capture_statement(
    capture bigint, relation oid, operation text,
    old_rows text default 'old_rows', new_rows text default 'new_rows')
returns text
language plpgsql
stable
set search_path from current
set standard_conforming_strings = on
as $$
#variable_conflict use_column
declare
    k       record;
    which   constant bigint := capture_statement.capture;
    of      constant oid := capture_statement.relation;
    has_old constant boolean := capture_statement.operation <> 'INSERT';
    has_new constant boolean := capture_statement.operation <> 'DELETE';
    made    text;
begin
    select d.event_type, d.condition, d.oversize into strict k from capture d where d.id = which;
    if has_old and has_new then
        made := capture_pairs(which, of, capture_statement.old_rows, capture_statement.new_rows);
    else
        made := pg_catalog.format(
            E'select %s as key,\n %s as payload\n from %s\n cross join %s\n%s offset 0',
            capture_key(which, of, case when has_new then 'new' else 'old' end),
            capture_payload(which, of, pg_catalog.lower(capture_statement.operation), false),
            case when has_new then capture_rows(which, of, 'new', capture_statement.new_rows)
                 else capture_rows(which, of, 'old', capture_statement.old_rows) end,
            case when has_new then capture_rows(which, of, 'old', null)
                 else capture_rows(which, of, 'new', null) end,
            case when k.condition is not null
                 then pg_catalog.format(E' where (%s\n)\n', k.condition) end);
    end if;
    return pg_catalog.format(
        E'insert into event (type, key, payload)\nselect %L::pg_catalog.text, m.key, case when '
        'pg_catalog.pg_column_size(m.payload) > %s\n then fit_capture(%s, m.payload) '
        'else m.payload end\nfrom (\n%s) as m',
        k.event_type, case k.oversize when 'refuse' then 16384 else 200 end, which, made);
end;
$$;
