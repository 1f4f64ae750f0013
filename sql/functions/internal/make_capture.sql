-- make_capture: the triggers of a capture, and their function, for the table as it is now.
-- Internal: capture_table(), refresh_capture().
--
-- The function runs with the rights of the environment's owner, so that who writes to the table
-- needs none here, and may be called by no other than these triggers. What a session has set does
-- not change what it writes. Rows are paired by merging, because a plan that was made for one row
-- is kept for a hundred thousand. Nothing is compiled for that.
--
-- Locks       the tables against writers, until the transaction ends, if they have no triggers yet.
-- Raises      42501 the owner may not put triggers on one of the tables.
create or replace function make_capture(capture bigint, relation oid)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    called constant text := pg_catalog.concat('capture_', make_capture.capture);
    part   oid;
    one    record;
begin
    execute pg_catalog.format(
        'create or replace function %I() returns trigger language plpgsql security definer '
        'set search_path = %I, pg_temp set timezone = ''UTC'' set datestyle = ''ISO, YMD'' '
        'set intervalstyle = ''postgres'' set bytea_output = ''hex'' set extra_float_digits = 1 '
        'set lc_monetary = ''C'' set standard_conforming_strings = on set jit = off '
        'set enable_nestloop = off set enable_hashjoin = off as %L',
        called, current_schema(), capture_body(make_capture.capture, make_capture.relation));
    execute pg_catalog.format('revoke all on function %I() from public', called);
    for part in select t from captured_tables(make_capture.relation) as t loop
        if not pg_catalog.has_table_privilege(current_user, part, 'trigger') then
            raise exception '% may not put triggers on %: let its owner run: grant trigger on % '
                'to %',
                current_user, part::regclass, part::regclass, pg_catalog.quote_ident(current_user)
                using errcode = '42501';
        end if;
        for one in
            select w.operation, w.tables
              from (values ('insert', 'referencing new table as new_rows'),
                           ('update', 'referencing old table as old_rows new table as new_rows'),
                           ('delete', 'referencing old table as old_rows'),
                           ('truncate', '')) as w (operation, tables)
             where not exists (
                select from pg_trigger g
                 where g.tgrelid = part and g.tgfoid = capture_function(make_capture.capture)
                   and g.tgname::text = capture_trigger(make_capture.capture, w.operation))
        loop
            execute pg_catalog.format(
                'create trigger %I after %s on %s %s for each statement execute function %I()',
                capture_trigger(make_capture.capture, one.operation), one.operation,
                part::regclass, one.tables, called);
        end loop;
    end loop;
end;
$$;
