-- promote: make a version of a view set the live one; of several sets in one switch. Or of a
-- handler, which is a set of its own.
--
-- The process that keeps the builds does it: it takes the lead, folds what little is missing, and
-- switches, see switch_versions(). This only asks it to; promotion_state() tells what became of it.
-- A handler has nothing to build: its switch is made here, see promote_handlers().
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
--             few nodes carry it. 42501 the caller is not the environment's owner, and this is no
--             development environment.
-- Notifies    '<schema>_leader', for the processes that stand by.
-- Tables      promotion: insert. handler: read.
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
    obstacle record;
    busy     promotion;
    made     bigint;
begin
    perform require_operator('promote');
    if pg_catalog.cardinality(view_sets) is distinct from pg_catalog.cardinality(versions)
       or coalesce(pg_catalog.cardinality(view_sets), 0) = 0 then
        raise exception 'promote: as many versions as view sets, one at least'
            using errcode = 'BT034';
    end if;
    if exists (select from handler h where h.name = any (promote.view_sets)) then
        return promote_handlers(promote.view_sets, promote.versions, promote.nodes);
    end if;
    select * into obstacle
      from promotion_obstacles(promote.view_sets, promote.versions, false) as o
     where o.kind in ('unfit', 'halted', 'uncarried')
        or not (promote.when_ready or o.is_awaited)
     limit 1;
    if found then
        raise exception '%', obstacle.what || case
            when obstacle.kind not in ('behind', 'read', 'shared') then ''
            -- After a colon follows a semicolon.
            when obstacle.what ~ ':' then '; wait, or use --when-ready'
            else ': wait, or use --when-ready' end
            using errcode = obstacle.code;
    end if;

    select * into busy from promotion p where p.state = 'requested' for update skip locked;
    if found then
        raise exception 'promotion % (%) is under way: wait for it, or end it with "baton promote '
            '--cancel %"',
            busy.id, pg_catalog.array_to_string(busy.view_sets, ', '), busy.id
            using errcode = 'BT035';
    end if;
    insert into promotion (view_sets, versions, when_ready)
    values (promote.view_sets, promote.versions, promote.when_ready)
    returning id into made;
    perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    return made;
exception when unique_violation then
    raise exception 'another promotion is under way'
        using errcode = 'BT035';
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
