-- try_capture: have Postgres plan what the triggers of a capture would do, so that a condition that
-- cannot be evaluated is refused now, and not when somebody writes. Internal: capture_table(),
-- refresh_capture().
--
-- Rows of nulls stand for those of the table, which the owner of the environment need not be
-- allowed to read.
--
-- Raises      BT061.
create or replace function try_capture(capture bigint, relation oid)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    rows text := pg_catalog.format('(select %s)', (
        select string_agg(pg_catalog.format(
                   'null::%s as %I', pg_catalog.format_type(c.type_id, null), c.column_name), ', ')
          from capture_columns(try_capture.capture, try_capture.relation) as c
         where c.type_id is not null));
    one  text;
begin
    foreach one in array array['INSERT', 'UPDATE', 'DELETE'] loop
        execute 'explain ' || capture_statement(try_capture.capture, try_capture.relation, one,
                                                rows, rows);
    end loop;
    perform fit_capture(try_capture.capture, '{}');
exception when others then
    raise exception 'the changes of % cannot be made events so: %', try_capture.relation::regclass,
        sqlerrm
        using errcode = 'BT061';
end;
$$;
