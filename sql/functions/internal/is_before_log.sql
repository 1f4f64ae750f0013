-- is_before_log: whether an event that is still there is one of those before the log's beginning: a
-- partition that is left may have some. Internal: colliding_event().
--
-- Arguments   event_id, event_xid: of the event.
-- Tables      batch, log_window: read.
create or replace function is_before_log(event_id bigint, event_xid xid8)
returns boolean
language sql
stable
set search_path from current
as $$
    select log_beginning() > 0 and exists (
        select from log_window w
         where w.number = (select b.window_number from batch b
                            where b.first_position > log_beginning()
                            order by b.first_position
                            limit 1)
           and is_before_log.event_id <= w.id_ceiling
           and pg_visible_in_snapshot(is_before_log.event_xid, w.seen));
$$;
