-- record_batch: the last statement of a batch transaction: fence, record, move on. Internal.
--
-- Nothing of the batch is visible before this transaction commits, and it commits only if the
-- caller still leads: the leader's row is locked against a takeover until then.
--
-- Arguments
--   epoch           the caller's leadership.
--   first_position  the batch's first position: the recorded ones plus one.
--   count           how many events it has.
--   after_id, last_id, window_number   which events those are.
--   id_value, xid, seen, id_ceiling, stragglers   the window, if this is its first
--                   batch; else null.
--   started_at      when the work on the batch began, for its duration.
-- Raises    BT011 another process leads now, or the log is not where the caller believes.
-- Notifies  log_channel(), only if a node waits for events: await_events().
-- Tables    log_window, batch: insert. event_limit, handler_event: read. task, task_ready: see
--           add_event_tasks().
-- Access: orchestrate
create or replace function record_batch(
    epoch          bigint,
    first_position bigint,
    count          integer,
    window_number  bigint,
    after_id       bigint,
    last_id        bigint,
    started_at     timestamptz,
    id_value       bigint      default null,
    xid            xid8        default null,
    seen           pg_snapshot default null,
    id_ceiling     bigint      default null,
    stragglers     xid8[]      default null
)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    next_position bigint;
    lag_max       bigint;
begin
    perform fence(record_batch.epoch);

    select b.first_position + b.count into next_position
      from batch b
     order by b.first_position desc
     limit 1;
    if coalesce(next_position, 1) <> record_batch.first_position then
        raise exception 'deposed: the log goes on at position %, not at %',
            coalesce(next_position, 1), record_batch.first_position
            using errcode = 'BT011';
    end if;

    if record_batch.seen is not null then
        insert into log_window (number, id_value, xid, seen, id_ceiling, stragglers)
        values (record_batch.window_number, record_batch.id_value, record_batch.xid,
                record_batch.seen, record_batch.id_ceiling, record_batch.stragglers);
    end if;
    insert into batch
           (first_position, count, window_number, after_id, last_id, epoch, started_at)
    values (record_batch.first_position, record_batch.count, record_batch.window_number,
            record_batch.after_id, record_batch.last_id, record_batch.epoch,
            record_batch.started_at);
    if exists (select from handler_event) then
        perform add_event_tasks(record_batch.first_position, record_batch.count, null, null);
    end if;

    if pg_catalog.pg_sequence_last_value('follower_doorbell') is not null then
        perform pg_catalog.pg_notify(log_channel(), '');
    end if;

    -- Ids that were rolled back, among them those of refused dispatches, are not behind: all up to
    -- the former window's value are done with.
    select max_lag into lag_max from event_limit where only_row;
    if lag_max is not null then
        perform raise_dispatch_ceiling(lag_max + greatest(
            record_batch.last_id,
            (select w.id_value from log_window w where w.number = record_batch.window_number - 1)));
    end if;
end;
$$;
