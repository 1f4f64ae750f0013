-- run_reducer_script: run the file of a SQL reducer, within the caller's transaction. Internal.
--
-- Sent as it is, a script could COMMIT in its middle, and leave behind what nobody registered.
-- EXECUTE refuses that (SQLSTATE 0A000, or 2D000 within a DO block). What was in the schema before
-- is noted until the end of the transaction, for share_view().
--
-- Access: orchestrate
create or replace function run_reducer_script(script text)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform set_config('baton.known_objects', (
        select pg_catalog.array_agg(known.oid)::text
          from (select c.oid from pg_class c
                 where c.relnamespace = current_schema()::regnamespace
                 union
                select p.oid from pg_proc p
                 where p.pronamespace = current_schema()::regnamespace) as known), true);
    execute run_reducer_script.script;
end;
$$;
