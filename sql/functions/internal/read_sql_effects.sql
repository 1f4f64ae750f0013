-- read_sql_effects: what the function for effects of a SQL reducer returns for what batch_event
-- shows. Internal: call_sql_effects().
--
-- It is planned with the settings that fold_sql_reducer() says, for the same reasons.
--
-- Arguments   name, version: of the reducer.
-- Returns     its rows, each as an object; null: none.
-- Access: orchestrate
create or replace function read_sql_effects(name text, version integer)
returns jsonb[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = on
set enable_bitmapscan = on
set plan_cache_mode = auto
set jit = off
as $$
declare
    made jsonb[];
begin
    execute pg_catalog.format('select pg_catalog.array_agg(to_jsonb(f)) from %I() as f',
                              name || '__v'::text || version::text || '_effects'::text)
       into made;
    return made;
end;
$$;
