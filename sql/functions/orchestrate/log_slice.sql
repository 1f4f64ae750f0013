-- log_slice: the events of one window, after a given id. Internal; everything that reads the log
-- (orchestrator, read_log, rebuilds, SQL reducers) reads it through this one query.
--
-- Why the order is right
--
-- Readers want every committed event once, and never an effect before its cause.
--
-- "where id > the last id I saw" is wrong: ids are drawn before COMMIT, so an event with a low id
-- may become visible after one with a higher id was read, and is then never read.
--
-- "order by xid" with a horizon is complete but wrong in order: a transaction that took its xid
-- early, then waited for a row lock, dispatches what follows from the lock's former holder, and
-- would be put before its cause.
--
-- So the log is read in windows. A window is what one snapshot (seen) sees and the snapshot before
-- (seen_before) did not. Nothing falls between two windows, nothing is in both, and an open
-- transaction delays only its own events: whatever it has not committed is simply in a later
-- window. Within a window the order is by id. If A committed before B dispatched, then A drew its
-- id before B did; and any snapshot that sees B also sees A. So A is in an earlier window than B,
-- or in the same one with a lower id.
--
-- To find a window's events at the price of what it returns, each window notes, in this order:
-- the value of the id sequence (id_value), its own transaction id (xid), the snapshot (seen), and
-- the sequence's value again (id_ceiling). A dispatch takes its xid before it draws its id, and an
-- id that is drawn after the value was read is higher (event_id_value.sql sees to that). Hence
-- a transaction with an xid above the window's drew its ids above id_value, and all that a snapshot
-- does not see splits in two (the window's own transaction counts as not seen, although Postgres
-- leaves it out of its own snapshots: it may still dispatch):
--   the main run  xid > floor_xid: ids above floor_id, a scan of the primary key;
--   stragglers    xid <= floor_xid: transactions that were in progress when the former window was
--                 opened. They are few, open_window() lists them, the index on (xid, id) has them.
--
-- Arguments   floor_id, floor_xid, seen_before: id_value, xid and seen of the window before.
--             seen, ceiling_id, stragglers: of this window.
--             after_id: only events with a higher id; never below the window's origin_id(), since
--             a restored event can have a straggler's transaction id. page: as many as the
--             caller's own limit.
-- Returns   events in no order; the caller says `order by id limit page`. Their columns by name: a
--           row of event would fail as soon as somebody adds a column to that table.
-- Cost      of `order by id limit page`: the page, whatever the window, the log and the age of the
--           oldest transaction are. The planner inlines this function; a test pins the plans.
--           Where stragglers fill the page, the main run ends with them: else each page of a bulk
--           straggler would step over all that is left of it, to find the next of the main run.
--           Where there are no stragglers, log_main_run() gives the same without merging two.
-- Tables    event: read.
-- Access: orchestrate
create or replace function log_slice(
    floor_id    bigint,
    floor_xid   xid8,
    seen_before pg_snapshot,
    seen        pg_snapshot,
    ceiling_id  bigint,
    stragglers  xid8[],
    after_id    bigint,
    page        integer
)
returns table (
    xid            xid8,
    id             bigint,
    dispatched_at  timestamptz,
    type           event_type,
    key            event_key,
    tenant         event_tenant,
    payload        event_payload,
    body           event_body,
    content_type   event_content_type,
    meta           event_meta,
    schema_version event_schema_version
)
language sql
stable
begin atomic
    (select e.xid, e.id, e.dispatched_at, e.type, e.key, e.tenant, e.payload, e.body,
            e.content_type, e.meta, e.schema_version
       from event e
      where e.id > greatest(log_slice.floor_id, log_slice.after_id)
        and e.id <= least(log_slice.ceiling_id, (
            select late.id
              from pg_catalog.unnest(log_slice.stragglers) as straggler (xid)
             cross join lateral (
                select e.id
                  from event e
                 where (e.xid, e.id) > (straggler.xid, log_slice.after_id)
                   and (e.xid, e.id) <= (straggler.xid, log_slice.ceiling_id)
                 order by e.xid, e.id
                 limit log_slice.page
             ) as late
             order by late.id
            offset log_slice.page - 1
             limit 1))
        and is_in_main_run(e.xid, log_slice.floor_xid, log_slice.seen_before, log_slice.seen)
      order by e.id
      limit log_slice.page)
    union all
    (select late.xid, late.id, late.dispatched_at, late.type, late.key, late.tenant, late.payload,
            late.body, late.content_type, late.meta, late.schema_version
       from pg_catalog.unnest(log_slice.stragglers) as straggler (xid)
      cross join lateral (
         select e.xid, e.id, e.dispatched_at, e.type, e.key, e.tenant, e.payload, e.body,
                e.content_type, e.meta, e.schema_version
           from event e
          where (e.xid, e.id) > (straggler.xid, log_slice.after_id)
            and (e.xid, e.id) <= (straggler.xid, log_slice.ceiling_id)
          order by e.xid, e.id
          limit log_slice.page
      ) as late
      order by late.id
      limit log_slice.page);
end;
