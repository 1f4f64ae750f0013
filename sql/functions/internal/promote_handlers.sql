-- promote_handlers: a promotion of handlers alone, which is carried out at once. Internal:
-- promote().
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
-- Tables      leader: lock. promotion: insert. handler, handler_version: see switch_handlers().
create or replace function promote_handlers(handlers text[], versions integer[], nodes integer)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    former versioned[];
    made   bigint;
begin
    perform require_read_committed('promote');
    perform lock_registration();
    perform from leader where only_row for update;
    former := switch_handlers(promote_handlers.handlers, promote_handlers.versions,
                              promote_handlers.nodes);
    insert into promotion (
        view_sets, versions, handlers, handler_versions, when_ready, nodes, state, position, former,
        ended_at)
    values ('{}', '{}', promote_handlers.handlers, promote_handlers.versions, false,
            promote_handlers.nodes, 'done', log_end(), former, clock_timestamp())
    returning id into made;
    return made;
end;
$$;
