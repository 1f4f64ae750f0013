-- capture_text: the SQL of the triggers of captures, and of their functions, as it is in the
-- database.
--
-- Arguments   as remove_capture().
-- Raises      BT061 there is no such capture.
-- Access: observe, orchestrate
create or replace function capture_text(relation text, event_type text default null)
returns text
language sql
stable
security definer
set search_path from current
set standard_conforming_strings = on
as $$
    select string_agg(pg_catalog.concat(
               pg_catalog.pg_get_functiondef(capture_function(c)), E';\n',
               (select string_agg(pg_catalog.concat(pg_catalog.pg_get_triggerdef(t.oid), E';\n'),
                                  '' order by t.tgrelid, t.tgname)
                  from pg_trigger t where t.tgfoid = capture_function(c))), E'\n' order by c)
      from captures_of(capture_text.relation, capture_text.event_type) as c;
$$;
