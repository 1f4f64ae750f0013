-- log_main_run: the events of one window, after a given id, if the window has no stragglers; else
-- those of its main run. Internal; log_slice.sql tells what that is.
--
-- Arguments   as of log_slice().
-- Returns     events in no order; the caller says `order by id limit …`.
-- Cost        of that: what it returns. Inlined by the planner; a test pins the plan.
-- Tables      event: read.
create or replace function log_main_run(
    floor_id    bigint,
    floor_xid   xid8,
    seen_before pg_snapshot,
    seen        pg_snapshot,
    ceiling_id  bigint,
    after_id    bigint
)
returns setof event
language sql
stable
begin atomic
    select e.*
      from event e
     where e.id > greatest(log_main_run.floor_id, log_main_run.after_id)
       and e.id <= log_main_run.ceiling_id
       and is_in_main_run(
            e.xid, log_main_run.floor_xid, log_main_run.seen_before, log_main_run.seen);
end;
