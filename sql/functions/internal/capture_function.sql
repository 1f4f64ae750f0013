-- capture_function: the function of a capture's triggers, or null where somebody dropped it.
-- Internal.
create or replace function capture_function(capture bigint)
returns oid
language sql
stable
set search_path from current
as $$
    select p.oid
      from pg_proc p
     where p.pronamespace = current_schema()::regnamespace and p.pronargs = 0
       and p.proname = pg_catalog.concat('capture_', capture_function.capture);
$$;
