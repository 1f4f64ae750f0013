-- waiting_events: events that are committed and not yet in a batch, at most so many. For status().
--
-- Tables    batch, log_window, event: read.
create or replace function waiting_events(limit_count integer)
returns table (id bigint, dispatched_at timestamptz)
language plpgsql
stable
security definer
set search_path from current
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    w        log_window;
    before   log_window;
    after_id bigint;
    now_seen pg_snapshot := pg_current_snapshot();
begin
    select b.last_id, b.window_number into after_id, w.number
      from batch b
     order by b.first_position desc
     limit 1;
    select * into strict w
      from log_window n
     where n.number = coalesce(w.number, (select max(number) from log_window));
    select * into before from log_window n where n.number = w.number - 1;

    return query
        select e.id, e.dispatched_at
          from log_slice(before.id_value, before.xid, before.seen, w.seen, w.id_ceiling,
                         w.stragglers, after_id, waiting_events.limit_count) as e
         where after_id is not null
        union all
        select e.id, e.dispatched_at
          from log_slice(w.id_value, w.xid, w.seen, now_seen, 9223372036854775807,
                         late_transactions(w.xid, w.seen, now_seen), 0,
                         waiting_events.limit_count) as e
         limit waiting_events.limit_count;
end;
$$;
