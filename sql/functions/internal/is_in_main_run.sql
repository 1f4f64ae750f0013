-- is_in_main_run: does a window show the events of a transaction, other than as a straggler's?
-- Internal; log_slice.sql tells what that is.
--
-- Inlined by the planner. The two comparisons beside pg_visible_in_snapshot() save a third of the
-- time.
--
-- Access: orchestrate
create or replace function is_in_main_run(
    xid         xid8,
    floor_xid   xid8,
    seen_before pg_snapshot,
    seen        pg_snapshot
)
returns boolean
language sql
immutable
begin atomic
    select (is_in_main_run.xid > is_in_main_run.floor_xid) is true
           and (is_in_main_run.xid < pg_snapshot_xmin(is_in_main_run.seen)
                or pg_visible_in_snapshot(is_in_main_run.xid, is_in_main_run.seen))
           and (is_in_main_run.xid >= pg_snapshot_xmax(is_in_main_run.seen_before)
                or not pg_visible_in_snapshot(is_in_main_run.xid, is_in_main_run.seen_before));
end;
