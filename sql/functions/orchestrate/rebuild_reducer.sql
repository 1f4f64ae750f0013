-- rebuild_reducer: let another build of a reducer's version take its place, and its view be built
-- anew. Internal, for development.
--
-- A C++ reducer whose columns are as they were keeps its table, with the indexes and rights that
-- people gave it, and the views that they made on it. Else forget_reducer(): the caller registers
-- it as a new one. Whoever kept it as a build cannot write any more.
--
-- Arguments   name, version: of the reducer, which is known. build, language, columns: as they are
--             now; columns null: not known yet, as of a SQL reducer whose script did not run yet.
-- Raises      BT071 events that it has to read were dropped by retention.
-- Locks       its table, exclusively; see lock_registration().
-- Tables      reducer_version, view_state: update. view_build: insert, delete.
-- Access: orchestrate
create or replace function rebuild_reducer(
    name text, version integer, build text, language text, columns jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    versioned text := rebuild_reducer.name || '__v' || rebuild_reducer.version::text;
begin
    perform is_log_kept(0, pg_catalog.format('view %s@%s would be built anew from the first event',
                                              rebuild_reducer.name, rebuild_reducer.version));
    update reducer_version r
       set build = rebuild_reducer.build
     where r.name = rebuild_reducer.name and r.version = rebuild_reducer.version
       and r.language = 'c++' and rebuild_reducer.language = 'c++'
       and r.columns = rebuild_reducer.columns
       and to_regclass(pg_catalog.format('%I.%I', current_schema(), versioned)) is not null;
    if not found then
        perform forget_reducer(rebuild_reducer.name, rebuild_reducer.version);
        return;
    end if;
    execute pg_catalog.format('truncate %I', versioned);
    update view_state s
       set state = 'behind', position = 0, reason = null, changed_at = clock_timestamp(),
           -- What is read again has had its effects.
           effects_to = case s.state when 'following' then log_end() else s.effects_to end
     where s.view = rebuild_reducer.name and s.version = rebuild_reducer.version;
    delete from view_build b
     where b.view = rebuild_reducer.name and b.version = rebuild_reducer.version;
    if found then
        insert into view_build (view, version)
        values (rebuild_reducer.name, rebuild_reducer.version);
    end if;
    perform forget_dead_events(rebuild_reducer.name, rebuild_reducer.version);
end;
$$;
