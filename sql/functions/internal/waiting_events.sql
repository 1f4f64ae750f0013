-- waiting_events: events that are committed and not yet in a batch, at most so many. For status().
--
-- In a copy in another cluster it counts right from the first leadership on, see rebase_log().
--
-- Tables    batch, log_window: read.
create or replace function waiting_events(limit_count integer)
returns table (id bigint, dispatched_at timestamptz)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    newest    record;
    w         log_window;
    before    log_window;
    now_seen  pg_snapshot := pg_current_snapshot();
    remaining integer     := waiting_events.limit_count;
    found_count integer;
begin
    perform require_rows();
    select coalesce(max(b.window_number), 0) as window_number, max(b.last_id) as last_id into newest
      from (select * from batch order by first_position desc limit 1) as b;

    -- What is left of the newest batch's window, and all of those recorded ahead of their batches.
    for w in
        select * from log_window n where n.number >= newest.window_number order by n.number
    loop
        if w.number > 0 then
            select * into strict before from log_window n where n.number = w.number - 1;
            return query
                select e.id, e.dispatched_at
                  from log_slice(before.id_value, before.xid, before.seen, w.seen, w.id_ceiling,
                                 w.stragglers,
                                 greatest(origin_id(w.number),
                                          case w.number when newest.window_number
                                                        then newest.last_id end),
                                 remaining) as e
                 limit remaining;
            get diagnostics found_count = row_count;
            remaining := remaining - found_count;
        end if;
    end loop;

    return query
        select e.id, e.dispatched_at
          from log_slice(w.id_value, w.xid, w.seen, now_seen, 9223372036854775807,
                         window_stragglers(w.xid, w.seen, now_seen, origin_id(w.number + 1)),
                         origin_id(w.number + 1), remaining) as e
         limit remaining;
end;
$$;
