-- promote: make a version of a view set the live one; of several sets in one switch. Or of a
-- handler, which is a set of its own.
--
-- The process that keeps the builds does it: it takes the lead, folds what little is missing, and
-- switches, see switch_versions(). This only asks it to; promotion_state() tells what became of it.
-- A handler has nothing to build: by itself it is switched here, see promote_handlers(); together
-- with view sets by who switches those. The handlers that a set names are switched with it.
--
-- Arguments   view_sets, versions: what is to be live. when_ready: wait until the builds are ready;
--             else they must be, which is within one batch of the log's end. A version that was
--             live before is waited for in any case: it is far from the end only because much
--             comes; and for half a minute after the switch from it nobody may have it yet, because
--             who led with it takes a moment to come back.
--             nodes: so many live ones must carry a handler's version. name, version: one of them.
-- Returns     the promotion's id.
-- Raises      BT034 there is no such version. BT035 it cannot be promoted: it is live, retired,
--             halted, not ready, or nobody keeps it; another promotion is under way; the sets do
--             not go together, or the process that keeps it does not carry what else is live; too
--             few nodes carry it; a handler is in a set. 42501 the caller is not the environment's
--             owner, and this is no development environment.
-- Notifies    '<schema>_leader', for the processes that stand by.
-- Tables      handler: read. promotion: see promote_sets() and promote_handlers(). set_handler: see
--             handlers_of_sets() and require_own_promotion().
-- Access: orchestrate
create or replace function promote(
    view_sets text[], versions integer[], when_ready boolean default false,
    nodes integer default 1)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    wanted           record;
    sets             text[] := '{}';
    set_versions     integer[] := '{}';
    handlers         text[] := '{}';
    handler_versions integer[] := '{}';
begin
    perform require_operator('promote');
    if pg_catalog.cardinality(view_sets) is distinct from pg_catalog.cardinality(versions)
       or coalesce(pg_catalog.cardinality(view_sets), 0) = 0 then
        raise exception 'promote: as many versions as view sets, one at least'
            using errcode = 'BT034';
    end if;
    for wanted in
        select w.name, w.version, h.name is not null as is_handler
          from unnest(promote.view_sets, promote.versions)
               with ordinality as w (name, version, ordinal)
          left join handler h on h.name = w.name
         order by w.ordinal
    loop
        if wanted.is_handler then
            handlers := handlers || wanted.name;
            handler_versions := handler_versions || wanted.version;
        else
            sets := sets || wanted.name;
            set_versions := set_versions || wanted.version;
        end if;
    end loop;
    perform require_own_promotion(sets, set_versions, handlers, handler_versions);
    for wanted in
        select o.handler, o.version from handlers_of_sets(sets, set_versions) as o
         where o.handler <> all (handlers)
    loop
        handlers := handlers || wanted.handler;
        handler_versions := handler_versions || wanted.version;
    end loop;
    if sets = '{}' then
        return promote_handlers(handlers, handler_versions, coalesce(promote.nodes, 1));
    end if;
    return promote_sets(sets, set_versions, handlers, handler_versions, promote.when_ready,
                        coalesce(promote.nodes, 1));
end;
$$;

create or replace function promote(
    name text, version integer, when_ready boolean default false, nodes integer default 1)
returns bigint
language sql
volatile
set search_path from current
as $$
    select promote(array[promote.name], array[promote.version], promote.when_ready, promote.nodes);
$$;
