-- register_handler: put a version of a handler on record, with its build, the types of the events
-- that become tasks of it, and the versions whose tasks it can do, too. Internal: carry_handlers().
--
-- The first version of a handler is live at once, or the one that the live view set names; another
-- one when it is promoted. What it says
-- beside its build counts with that build: the next one to register it changes nothing.
--
-- Raises    BT012 it is on record with another build, and this is no environment for development.
--           BT042 a view set has the name; see make_task_set_view(). BT001, BT006 see
--           name_events().
-- Locks     the turn 'registration', until the transaction ends, where there is something new. See
--           follow_live_sets().
-- Tables    handler: insert. handler_version: insert, update. environment: read. handler_event: see
--           name_events(). requirement: see requirement_of(). task_set_view: see
--           make_task_set_view(). set_handler: see follow_live_sets().
create or replace function register_handler(
    handler text, version integer, build text, events text[], lane_by_key boolean default false,
    accepts_from integer[] default '{}', view text default null, columns jsonb default null)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    known handler_version;
begin
    select v.* into known from handler_version v
     where v.handler = register_handler.handler and v.version = register_handler.version;
    if known.build = register_handler.build then
        return;
    end if;

    perform lock_registration();
    perform refuse_taken_name(register_handler.handler, 'handler');
    insert into handler_version (handler, version, build, accepts_from, runs_as)
    values (register_handler.handler, register_handler.version, register_handler.build,
            register_handler.accepts_from, register_handler.version)
    on conflict (handler, version) do nothing;
    select v.* into strict known from handler_version v
     where v.handler = register_handler.handler and v.version = register_handler.version;
    if known.build <> register_handler.build then
        if (select e.kind from environment e where e.only_row) is distinct from 'development' then
            raise exception 'handler %@% is on record here with another build, % and not %: give '
                'code that changed a new version',
                known.handler, known.version, known.build, register_handler.build
                using errcode = 'BT012';
        end if;
        update handler_version v
           set build = register_handler.build, accepts_from = register_handler.accepts_from
         where v.handler = known.handler and v.version = known.version;
    end if;
    perform name_events(known.handler, known.version, register_handler.events,
                        register_handler.lane_by_key);
    perform make_task_set_view(known.handler, known.version, register_handler.view,
                               register_handler.columns);
    insert into handler (name, live_version, requirement)
    values (known.handler, known.version, requirement_of(known.handler, known.version, '{}'))
    on conflict (name) do nothing;
    if found then
        update handler_version v set live_since = clock_timestamp()
         where v.handler = known.handler and v.version = known.version;
    end if;
    perform stamp_tasks(known.handler);
    perform follow_live_sets(array[known.handler]);
end;
$$;
