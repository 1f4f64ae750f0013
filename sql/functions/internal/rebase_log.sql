-- rebase_log: make the log go on after its data came to another cluster. Internal, part of
-- take_lead().
--
-- The transaction ids and snapshots in a restored dump, or in data that came by logical
-- replication, mean nothing here: new events would look already seen, and be lost; by chance they
-- would look right. So nothing is asked of them that both clusters could have answered. What
-- decides is the id: no event that an old window took has an id above that window's id_ceiling.
-- Once no writer is under way, everything else is here to be read, up to the id sequence's value,
-- whichever cluster it was dispatched in:
--
--   number + 1  what the old windows left of the ids up to the last one's ceiling, told by their
--               own transaction ids, which are consistent among themselves;
--   number + 2  nothing: the window before the next one, which has seen nothing;
--   number + 3  every event above the ceiling, by id alone;
--   number + 4  nothing: the window before the first of this cluster, which begins as in a new log.
--
-- From then on the transaction ids of the events so far are compared with nothing: this cluster
-- will give the same numbers out again. Every window above number + 4 begins after the ids of those
-- events, see origin_id().
--
-- This is right for any log, also one that never moved. It is done when the cluster is another one
-- (pg_upgrade makes one, too), or the newest window was not written here: a restored row's xmin
-- differs from the transaction id that the row says it was written by. (A cluster made from a
-- physical backup has the system identifier of the one it came from.)
--
-- Returns   whether it was done.
-- Raises    BT009 if events were dispatched here with ids that restored ones may have had.
-- Locks     share on event and dispatch_receipt, if it has something to do: waits for transactions
--           that dispatched, no longer than lock_timeout (55P03).
-- Tables    log_window, log_origin: read, insert. event: read. dispatch_receipt: lock.
create or replace function rebase_log()
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    this_cluster bigint      := this_cluster();
    everything   pg_snapshot := '9223372036854775807:9223372036854775807:';
    nothing      pg_snapshot := '1:1:';
    last         log_window;
    is_foreign   boolean;
    is_native    boolean;
    drawn_id     bigint;
    top_id       bigint;
    colliding_id     bigint;
begin
    select * into strict last from log_window order by number desc limit 1;
    select w.xmin <> xid(w.recorded_by),
           w.xmin = xid(w.recorded_by)
           and this_cluster = (select system_identifier from log_origin
                                order by window_number desc limit 1)
      into is_foreign, is_native
      from log_window w
     where w.number = last.number;
    if is_native then
        return false;
    end if;

    -- dispatch_once() draws an id before it locks event.
    lock table dispatch_receipt, event in share mode;
    drawn_id := event_id_value();
    top_id := greatest(
        drawn_id, last.id_ceiling, (select e.id from event e order by e.id desc limit 1));
    -- Also where the sequence is beyond the ceiling by now: it may not have begun there.
    if is_foreign or drawn_id < last.id_ceiling then
        colliding_id := colliding_event(drawn_id, last);
        if colliding_id is not null then
            raise exception 'event %, or another one from there on, was dispatched here with an '
                'id that restored events may have had, because the id sequence was not restored; '
                'take out what was dispatched here, setval(''event_id_seq'', %), dispatch it again',
                colliding_id, top_id
                using errcode = 'BT009';
        end if;
    end if;
    if top_id > drawn_id then
        perform pg_catalog.setval('event_id_seq', top_id);
    end if;

    insert into log_window (number, id_value, xid, seen, id_ceiling, stragglers)
    values (last.number + 1, last.id_ceiling, '0', everything, last.id_ceiling,
            window_stragglers(last.xid, last.seen, everything, origin_id(last.number + 1))),
           (last.number + 2, last.id_ceiling, '0', nothing, last.id_ceiling, '{}'),
           (last.number + 3, top_id, '0', everything, top_id, '{}'),
           (last.number + 4, top_id, '0', nothing, top_id, '{}');
    insert into log_origin (window_number, system_identifier, after_id)
    values (last.number + 4, this_cluster, top_id);
    return true;
end;
$$;
