-- run_reducer_script: run the file of a SQL reducer, within the caller's transaction. Internal.
--
-- Sent as it is, a script could COMMIT in its middle, and leave behind what nobody registered.
-- EXECUTE refuses that (SQLSTATE 0A000, or 2D000 within a DO block).
create or replace function run_reducer_script(script text)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    execute run_reducer_script.script;
end;
$$;
