-- captured_tables: a table, and all that are parts of it or inherit from it. Internal.
--
-- A statement fires the triggers of the table that it names and of no other, so each of them has
-- those of a capture.
--
-- Arguments   relation: pg_class.oid.
create or replace function captured_tables(relation oid)
returns setof oid
language sql
stable
set search_path from current
as $$
    with recursive below (id) as (
        select captured_tables.relation
         union
        select i.inhrelid from below b join pg_inherits i on i.inhparent = b.id
    )
    select b.id from below b;
$$;
