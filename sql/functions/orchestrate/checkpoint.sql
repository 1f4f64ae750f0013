-- checkpoint: where the orchestrator goes on: the newest batch, its window and the window before.
-- Internal.
--
-- Returns   one row. In a new log: window 0, of which nothing is left, and position 1.
-- Tables    batch, log_window: read.
-- Access: orchestrate
create or replace function checkpoint()
returns table (
    next_position bigint,
    after_id      bigint,
    window_number bigint,
    id_value      bigint,
    xid           xid8,
    seen          pg_snapshot,
    id_ceiling    bigint,
    stragglers    xid8[],
    floor_id      bigint,
    floor_xid     xid8,
    seen_before   pg_snapshot
)
language sql
stable
set search_path from current
as $$
    with newest as (
        select b.first_position + b.count as next_position, b.last_id, b.window_number
          from batch b
         order by b.first_position desc
         limit 1
    )
    select coalesce(newest.next_position, 1), greatest(newest.last_id, origin_id(w.number)),
           w.number, w.id_value, w.xid, w.seen, w.id_ceiling, w.stragglers, before.id_value,
           before.xid, before.seen
      from (values (true)) as always (holds)
      left join newest on true
      join log_window w on w.number = coalesce(newest.window_number, 0)
      join log_window before on before.number = greatest(w.number - 1, 0);
$$;
