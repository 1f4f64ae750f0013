-- promote_handlers: make versions of handlers the live ones, now. Internal: promote().
--
-- It happens between two batches, and so at one position of the log: up to there events became
-- tasks of the former versions, from there on they become tasks of the new ones. For who records a
-- batch locks the leader's row first, see fence(), and makes its tasks after that; here the same
-- row is locked first. A batch that came before is waited for, and its position is the one; a batch
-- that comes later waits for this transaction to end, and finds what it said. None sees both.
--
-- What an application enqueues is for the version that its statement sees. What commits later than
-- this and is for the former version is treated as what waited: see stamp_tasks().
--
-- Arguments   handlers, versions: what is to be live. nodes: see promote().
-- Returns     the promotion's id; it is done.
-- Raises      BT034, BT035 see handler_obstacle(). BT006 the transaction's snapshot is fixed.
-- Locks       the turn 'registration', then the leader's row, until the transaction ends: call it
--             alone in one.
-- Tables      leader, handler: lock. handler, handler_version: update. promotion: insert.
--             requirement: see requirement_of().
create or replace function promote_handlers(handlers text[], versions integer[], nodes integer)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    obstacle record;
    former   versioned[];
    wanted   record;
    made     bigint;
begin
    perform require_read_committed('promote');
    perform lock_registration();
    perform from leader where only_row for update;
    select * into obstacle
      from handler_obstacle(promote_handlers.handlers, promote_handlers.versions,
                            promote_handlers.nodes);
    if found then
        raise exception '%', obstacle.what using errcode = obstacle.code;
    end if;

    former := array(select (h.name, h.live_version)::versioned
                      from handler h
                     where h.name = any (promote_handlers.handlers) order by h.name);
    for wanted in
        select w.name, w.version
          from unnest(promote_handlers.handlers, promote_handlers.versions) as w (name, version)
         order by w.name
    loop
        update handler_version v
           set live_until = clock_timestamp()
          from handler h
         where h.name = wanted.name and v.handler = h.name and v.version = h.live_version;
        update handler_version v
           set live_since = clock_timestamp(), live_until = null
         where v.handler = wanted.name and v.version = wanted.version;
        update handler h
           set live_version = wanted.version,
               requirement = requirement_of(wanted.name, wanted.version, '{}')
         where h.name = wanted.name;
        perform stamp_tasks(wanted.name);
    end loop;

    insert into promotion (view_sets, versions, when_ready, former, state, position, ended_at)
    values (promote_handlers.handlers, promote_handlers.versions, false, former, 'done',
            log_end(), clock_timestamp())
    returning id into made;
    return made;
end;
$$;
