-- capture_change: SQL that says whether a value is another one than before. Internal:
-- capture_object(), capture_pairs().
--
-- By Postgres' own operator where there is one, of texts byte by byte; else by what events would
-- show.
create or replace function capture_change(old text, new text, type_id oid)
returns text
language sql
stable
set search_path from current
as $$
    select case
        when b.id < 16384 and (b.id = 'varchar'::regtype
                               or exists (select from pg_opclass o
                                           where o.opcintype = b.id and o.opcdefault
                                             and o.opcmethod = 403))
        then pg_catalog.format(
            '(%1$s%3$s is distinct from %2$s%3$s)', capture_change.old, capture_change.new,
            case when (select t.typcollation from pg_type t where t.oid = b.id) <> 0
                 then ' collate pg_catalog."C"' end)
        else pg_catalog.format(
            '(%s is distinct from %s)',
            captured_value(capture_change.old, capture_change.type_id),
            captured_value(capture_change.new, capture_change.type_id)) end
      from (select captured_type(capture_change.type_id)) as b (id);
$$;
