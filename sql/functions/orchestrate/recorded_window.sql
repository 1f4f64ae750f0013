-- recorded_window: a window that is recorded already, though no batch of it is: what rebase_log()
-- left to do. Internal.
--
-- Returns   as open_window(); no row if there is no window of this number.
-- Tables    log_window: read.
-- Access: orchestrate
create or replace function recorded_window(number bigint)
returns table (
    id_value   bigint,
    xid        xid8,
    seen       pg_snapshot,
    id_ceiling bigint,
    stragglers xid8[]
)
language sql
stable
set search_path from current
as $$
    select w.id_value, w.xid, w.seen, w.id_ceiling, w.stragglers
      from log_window w
     where w.number = recorded_window.number;
$$;
