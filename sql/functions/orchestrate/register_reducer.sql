-- register_reducer: make a reducer version known here, with its table. Internal.
--
-- The first registration of (name, version) fixes its build. A version of a live set becomes the
-- live one of its view: it starts behind, at position 0 or where its build stood, and the leader
-- catches it up from the log. A version of another set is built beside, see view_build. The public
-- view is show_view()'s.
--
-- Arguments
--   name, version, build, language   who it is; language 'c++' or 'sql'.
--   columns       of the view: [{"name", "type", "nullable", "key"}, ...]. Creates
--                 <name>__v<version> unless it exists, as it does for a SQL reducer.
--   other_builds  accept another build of the same version (development environments).
--   is_live       whether it belongs to a live set: what register_set() said.
-- Raises    BT012 the version is known with another build; BT013 the name is taken, or another
--           version of the view is live; see refuse_changed_types(); BT071 see first_position().
-- Tables    reducer_version: read, insert, update. view_state: read, insert. view_build: read,
--           insert, delete.
-- Access: orchestrate
create or replace function register_reducer(
    name         text,
    version      integer,
    build        text,
    language     text,
    columns      jsonb,
    other_builds boolean default false,
    is_live      boolean default true
)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    known reducer_version;
    live  view_state;
    stood bigint;
    is_filled boolean;
begin
    perform lock_registration();
    select * into known
      from reducer_version r
     where r.name = register_reducer.name and r.version = register_reducer.version;
    if not found then
        insert into reducer_version (name, version, build, language, columns)
        values (register_reducer.name, register_reducer.version, register_reducer.build,
                register_reducer.language, register_reducer.columns);
    elsif known.build <> register_reducer.build then
        if not register_reducer.other_builds or known.columns <> register_reducer.columns then
            raise exception 'reducer %@% was registered with build %, this one is build %: give '
                'it a new version',
                known.name, known.version, known.build, register_reducer.build
                using errcode = 'BT012';
        end if;
        update reducer_version r
           set build = register_reducer.build
         where r.name = known.name and r.version = known.version;
    end if;

    select * into live from view_state s where s.view = register_reducer.name;
    if live.version = register_reducer.version then
        return;
    end if;
    if register_reducer.is_live and live.version is not null then
        raise exception 'view % is live at version %, this process carries version %: run a '
            'process that carries version %',
            live.view, live.version, register_reducer.version, live.version
            using errcode = 'BT013';
    end if;
    select b.position into stood
      from view_build b
     where b.view = register_reducer.name and b.version = register_reducer.version;
    if found and not register_reducer.is_live then
        return;
    end if;
    perform create_view_table(
        register_reducer.name, register_reducer.version, register_reducer.columns);
    if not register_reducer.is_live then
        perform refuse_changed_types(register_reducer.name, register_reducer.version);
    end if;
    if stood is null and known.name is not null then
        -- It was here, and retired, and is not dropped yet: its rows say nothing any more.
        execute pg_catalog.format('select exists (select from %I)',
                                  register_reducer.name || '__v' || register_reducer.version::text)
           into is_filled;
        if is_filled then
            execute (select pg_catalog.format('truncate %s',
                                              string_agg(o.relation::text, ', '))
                       from reducer_objects(register_reducer.name, register_reducer.version) as o
                      where o.relation is not null);
        end if;
    end if;
    if register_reducer.is_live then
        delete from view_build b
         where b.view = register_reducer.name and b.version = register_reducer.version;
        insert into view_state (view, version, state, position, effects_to)
        values (register_reducer.name, register_reducer.version, 'behind',
                coalesce(stood, first_position(register_reducer.name, register_reducer.version,
                                               true)),
                log_end());
        perform show_view(register_reducer.name);
    else
        insert into view_build (view, version, position)
        values (register_reducer.name, register_reducer.version,
                first_position(register_reducer.name, register_reducer.version, false));
    end if;
end;
$$;
