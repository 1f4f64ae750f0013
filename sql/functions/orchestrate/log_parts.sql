-- log_parts: the recorded batches from a position on, each with all that log_slice() needs.
-- Internal.
--
-- Arguments   after_position: the first part contains the position after it; skip tells how many of
--             its events lie at or before after_position.
-- Raises      BT071 some of those events were dropped by retention.
-- Returns     the parts in order of position; read as many as are wanted.
-- Cost        one index probe a part: inlined, so that a caller who stops reading pays no more.
-- Tables      batch, log_window: read. See is_log_kept().
-- Access: orchestrate
create or replace function log_parts(after_position bigint)
returns table (
    first_position bigint,
    count          integer,
    skip           integer,
    window_number  bigint,
    after_id       bigint,
    last_id        bigint,
    floor_id       bigint,
    floor_xid      xid8,
    seen_before    pg_snapshot,
    seen           pg_snapshot,
    stragglers     xid8[]
)
language sql
stable
begin atomic
    select b.first_position, b.count,
           greatest(0, log_parts.after_position - b.first_position + 1)::integer,
           b.window_number, b.after_id, b.last_id,
           before.id_value, before.xid, before.seen, w.seen, w.stragglers
      from batch b
      join log_window w on w.number = b.window_number
      join log_window before on before.number = b.window_number - 1
     where (select is_log_kept(log_parts.after_position))
       and b.first_position >= coalesce(
            (select max(first.first_position)
               from batch first
              where first.first_position <= log_parts.after_position + 1), 1)
     order by b.first_position;
end;
