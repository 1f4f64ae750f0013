-- call_sql_effects: let happen what a SQL reducer lets follow from what batch_event shows: the rows
-- of its function <name>__v<version>_effects(). Internal, for the leader; see write_effects().
--
-- The function is stable, so Postgres keeps it from writing; see effects_fault().
--
-- Arguments   name, version: of the reducer. after_position: events up to there have had theirs.
-- Raises      BT013 it left something in the session, as call_sql_reducer() says; what it raises
--             itself; see write_effects().
-- Tables      batch_event: read. The effects: see write_effects().
-- Access: orchestrate
create or replace function call_sql_effects(name text, version integer, after_position bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    before text := current_setting('search_path') || session_state();
    made   jsonb[] := read_sql_effects(call_sql_effects.name, call_sql_effects.version);
begin
    if current_setting('search_path') || session_state() is distinct from before then
        raise exception '%__v%_effects() changes its session (a setting, the role), where others '
            'work, too; give it a SET clause instead', name, version
            using errcode = 'BT013';
    end if;
    if made is null then
        return;
    end if;
    made := array(
        select e.object || pg_catalog.jsonb_build_object(
                   'event_id', b.id,
                   'ordinal', pg_catalog.row_number() over (partition by b.id order by e.n))
          from pg_catalog.unnest(made) with ordinality as e (object, n)
          left join batch_event b on b.position = (e.object ->> 'cause')::bigint
         where b.position > call_sql_effects.after_position
            or b.position is null
         order by e.n);
    perform write_effects(call_sql_effects.name, call_sql_effects.version, made);
end;
$$;
