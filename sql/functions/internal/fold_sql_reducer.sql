-- fold_sql_reducer: the call itself of a SQL reducer's function. Internal: call_sql_reducer().
--
-- The planner settings of the orchestrator's session are for reading the log; the reducer's own
-- statements are planned as its author tested them. Save that nothing is compiled (jit): each call
-- is planned anew, so a compilation would be paid for each slice.
--
-- Access: orchestrate
create or replace function fold_sql_reducer(name text, version integer)
returns void
language plpgsql
volatile
set search_path from current
set enable_seqscan = on
set enable_bitmapscan = on
set plan_cache_mode = auto
set jit = off
as $$
begin
    execute pg_catalog.format('select %I()', name || '__v' || version::text);
end;
$$;
