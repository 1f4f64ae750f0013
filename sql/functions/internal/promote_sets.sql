-- promote_sets: ask the process that keeps the builds for a promotion of view sets, and of handlers
-- with them. Internal: promote(), which see.
--
-- Arguments   view_sets, versions, when_ready: see promote(). handlers, handler_versions, nodes: of
--             the handlers among what promote() was given.
-- Returns     the promotion's id.
-- Raises      BT034, BT035 see promote().
-- Notifies    '<schema>_leader', for the processes that stand by.
-- Tables      promotion: insert.
create or replace function promote_sets(
    view_sets text[], versions integer[], handlers text[], handler_versions integer[],
    when_ready boolean, nodes integer)
returns bigint
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    obstacle record;
    busy     promotion;
    made     bigint;
begin
    select * into obstacle
      from promotion_obstacles(promote_sets.view_sets, promote_sets.versions, false) as o
     where o.kind in ('unfit', 'halted', 'uncarried')
        or not (promote_sets.when_ready or o.is_awaited)
     limit 1;
    if found then
        raise exception '%', obstacle.what || case
            when obstacle.kind not in ('behind', 'read', 'shared') then ''
            -- After a colon follows a semicolon.
            when obstacle.what ~ ':' then '; wait, or use --when-ready'
            else ': wait, or use --when-ready' end
            using errcode = obstacle.code;
    end if;

    select * into obstacle
      from handler_obstacle(promote_sets.handlers, promote_sets.handler_versions,
                            promote_sets.nodes);
    if found then
        raise exception '%', obstacle.what using errcode = obstacle.code;
    end if;
    select * into busy from promotion p where p.state = 'requested' for update skip locked;
    if found then
        raise exception 'promotion % (%) is under way: wait for it, or end it with "baton promote '
            '--cancel %"',
            busy.id, pg_catalog.array_to_string(busy.view_sets, ', '), busy.id
            using errcode = 'BT035';
    end if;
    insert into promotion (view_sets, versions, handlers, handler_versions, when_ready, nodes)
    values (promote_sets.view_sets, promote_sets.versions, promote_sets.handlers,
            promote_sets.handler_versions, promote_sets.when_ready, promote_sets.nodes)
    returning id into made;
    perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    return made;
exception when unique_violation then
    raise exception 'another promotion is under way'
        using errcode = 'BT035';
end;
$$;
