-- switch_handlers: make versions of handlers the live ones. Internal: follow_live_sets(),
-- promote_handlers(), switch_versions(). The caller holds the turn 'registration', and keeps
-- batches from being recorded.
--
-- Arguments   handlers, versions: what is to be live. nodes: see promote().
-- Returns     what was live of these.
-- Raises      BT034, BT035 see handler_obstacle().
-- Tables      handler, handler_version: update. requirement: see requirement_of(). task_set: see
--             supersede_task_sets().
create or replace function switch_handlers(handlers text[], versions integer[], nodes integer)
returns versioned[]
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    obstacle record;
    wanted   record;
    former   versioned[] := '{}';
begin
    select * into obstacle
      from handler_obstacle(switch_handlers.handlers, switch_handlers.versions,
                            switch_handlers.nodes);
    if found then
        raise exception '%', obstacle.what using errcode = obstacle.code;
    end if;
    for wanted in
        select w.name, w.version, h.live_version,
               exists (select from handler_version v
                        where v.handler = w.name and v.version = w.version
                          and v.live_until is not null) as is_rollback
          from unnest(switch_handlers.handlers, switch_handlers.versions) as w (name, version)
          join handler h on h.name = w.name
         order by w.name
    loop
        former := former || (wanted.name, wanted.live_version)::versioned;
        update handler_version v
           set live_until = clock_timestamp()
         where v.handler = wanted.name and v.version = wanted.live_version;
        update handler_version v
           set live_since = clock_timestamp(), live_until = null
         where v.handler = wanted.name and v.version = wanted.version;
        update handler h
           set live_version = wanted.version,
               requirement = requirement_of(wanted.name, wanted.version, '{}')
         where h.name = wanted.name;
        perform stamp_tasks(wanted.name);
        perform supersede_task_sets(wanted.name, wanted.live_version, wanted.version,
                                    wanted.is_rollback);
    end loop;
    return former;
end;
$$;
