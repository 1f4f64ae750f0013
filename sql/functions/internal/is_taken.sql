-- is_taken: is an event in a certain batch, or in one before it? Internal.
--
-- Arguments   event_id, event_xid: of the event. window_number, last_id: of the batch.
-- Tables      log_window, log_origin: read.
create or replace function is_taken(
    event_id      bigint,
    event_xid     xid8,
    window_number bigint,
    last_id       bigint
)
returns boolean
language sql
stable
set search_path from current
as $$
    select is_taken.event_id <= w.id_ceiling
           and (-- Taken by a window that only saw the ids of another cluster, see rebase_log().
                exists (select from log_origin o
                         where o.window_number <= w.number and o.after_id >= is_taken.event_id)
                or (is_taken.event_id <= before.id_ceiling
                    and pg_visible_in_snapshot(is_taken.event_xid, before.seen))
                or (is_taken.event_id <= is_taken.last_id
                    and pg_visible_in_snapshot(is_taken.event_xid, w.seen)))
      from log_window w
      join log_window before on before.number = w.number - 1
     where w.number = is_taken.window_number;
$$;
