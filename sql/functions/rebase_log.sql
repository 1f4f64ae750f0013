-- rebase_log: make the log go on after its data came to another cluster. Internal, part of lead().
--
-- The transaction ids and snapshots in a restored dump, or in data that came by logical
-- replication, mean nothing here: new events would look already seen, and be lost. A restored
-- row's xmin differs from the transaction id that the row says it was written by; a native row's
-- does not. A new system identifier with native rows is pg_upgrade: there is nothing to do.
--
-- What the old windows had not yet taken of the restored events is one more window, which sees
-- everything up to the highest restored id; after it comes a first window, as in a new log, for the
-- events of this cluster. Positions go on.
--
-- Raises    BT009 if events were dispatched here with ids among the restored ones.
-- Tables    log_window, log_origin: read, insert. event: read, once whole.
create or replace function rebase_log()
returns boolean
language plpgsql
volatile
set search_path from current
set enable_seqscan = on
as $$
#variable_conflict use_column
declare
    this_cluster bigint := (select system_identifier from pg_control_system());
    last_window  log_window;
    is_restored  boolean;
    restored_id  bigint;
    everything   pg_snapshot := '9223372036854775807:9223372036854775807:';
    late         xid8[];
begin
    if this_cluster = (select system_identifier from log_origin
                        order by window_number desc limit 1)
    then
        return false;
    end if;

    select * into strict last_window from log_window order by number desc limit 1;
    select w.xmin <> xid(w.recorded_by) into is_restored
      from log_window w
     where w.number = last_window.number;
    if not is_restored then
        update log_origin o
           set system_identifier = this_cluster
         where o.window_number = (select max(window_number) from log_origin);
        return false;
    end if;

    restored_id := coalesce(restored_event_id_max(), last_window.id_ceiling);
    if event_id_value() < restored_id then
        perform setval('event_id_seq', restored_id);
    end if;
    late := late_transactions(last_window.xid, last_window.seen, everything);
    insert into log_window (number, id_value, xid, seen, id_ceiling, stragglers)
    values (last_window.number + 1, restored_id, last_window.xid, everything, restored_id, late),
           (last_window.number + 2, restored_id, '0', '1:1:', restored_id, '{}');
    insert into log_origin (window_number, system_identifier, after_id)
    values (last_window.number + 2, this_cluster, restored_id);
    return true;
end;
$$;
