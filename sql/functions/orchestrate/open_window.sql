-- open_window: what can be seen now and could not be seen before. Internal, for the orchestrator.
--
-- See log_slice.sql for why the five values are read in just this order. Writes nothing, and takes
-- a transaction id only if there is something new, so a poll of an idle log is free.
--
-- Arguments   floor_id, floor_xid, seen_before: id_value, xid and seen of the window before.
-- Returns     id_value, xid, seen, id_ceiling, stragglers of the new window; no row if nothing is
--             new. It begins after the newest origin_id(). Whoever records a batch of the window
--             records the window with it.
-- Tables      event_limit, log_origin: read.
-- Access: orchestrate
create or replace function open_window(
    floor_id    bigint,
    floor_xid   xid8,
    seen_before pg_snapshot
)
returns table (
    id_value   bigint,
    xid        xid8,
    seen       pg_snapshot,
    id_ceiling bigint,
    stragglers xid8[]
)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    now_seen    pg_snapshot := pg_current_snapshot();
    now_ceiling bigint      := event_id_value();
    origin_id   bigint      := (
        select o.after_id from log_origin o order by o.window_number desc limit 1);
    now_late    xid8[]      := window_stragglers(
        open_window.floor_xid, open_window.seen_before, now_seen, origin_id);
begin
    if not exists (
        select from log_slice(
            open_window.floor_id, open_window.floor_xid, open_window.seen_before, now_seen,
            now_ceiling, now_late, origin_id, 1)
    ) then
        -- Nothing waits, so back-pressure counts from here. (Refused and rolled-back dispatches
        -- draw ids too; without this they would keep the door shut behind themselves.)
        perform raise_dispatch_ceiling(now_ceiling + l.max_lag)
           from event_limit l
          where l.only_row and l.max_lag is not null;
        return;
    end if;

    id_value   := event_id_value();
    xid        := pg_current_xact_id();
    seen       := pg_current_snapshot();
    if pg_visible_in_snapshot(xid, seen) then
        -- A snapshot leaves its own transaction out; what that may still dispatch is not seen yet.
        select pg_catalog.format('%s:%s:%s', pg_snapshot_xmin(open_window.seen),
                      pg_snapshot_xmax(open_window.seen),
                      string_agg(running.xid::text, ',' order by running.xid))
          into seen
          from (select pg_snapshot_xip(open_window.seen)
                 union all
                select open_window.xid) as running (xid);
    end if;
    id_ceiling := event_id_value();
    stragglers := window_stragglers(
        open_window.floor_xid, open_window.seen_before, seen, origin_id);
    return next;
end;
$$;
