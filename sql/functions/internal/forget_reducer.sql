-- forget_reducer: undo the registration of a reducer's version, so that another build of it can
-- take its place. Internal, for development, and for versions that could not begin.
--
-- The view is built anew by the other build. What a person skipped stays skipped; what the policy
-- skipped, and what the view stood before, is tried again.
--
-- Arguments   name, version: of the reducer.
-- Locks       its table and its view, exclusively.
-- Tables      reducer_version, view_state, view_build: delete.
-- Access: orchestrate
create or replace function forget_reducer(name text, version integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    had record;
begin
    delete from view_state s
     where s.view = forget_reducer.name and s.version = forget_reducer.version;
    delete from view_build b
     where b.view = forget_reducer.name and b.version = forget_reducer.version;
    if exists (select from view_state s where s.view = forget_reducer.name)
       or exists (select from view_build b where b.view = forget_reducer.name) then
        perform show_view(forget_reducer.name);
    else
        execute pg_catalog.format('drop view if exists %I', forget_reducer.name);
    end if;
    delete from reducer_version r
     where r.name = forget_reducer.name and r.version = forget_reducer.version;
    perform forget_dead_events(forget_reducer.name, forget_reducer.version);

    for had in select * from reducer_objects(forget_reducer.name, forget_reducer.version) loop
        if had.routine is not null then
            execute pg_catalog.format('drop routine if exists %s', had.routine);
        else
            execute pg_catalog.format('drop table if exists %s', had.relation);
        end if;
    end loop;
end;
$$;
