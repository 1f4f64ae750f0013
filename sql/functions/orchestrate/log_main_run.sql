-- log_main_run: the events of one window, after a given id, if the window has no stragglers; else
-- those of its main run. Internal; log_slice.sql tells what that is.
--
-- Arguments   as of log_slice().
-- Returns     events in no order; the caller says `order by id limit page`.
-- Cost        of that: what it returns. Inlined by the planner; a test pins the plan.
-- Tables      event: read.
-- Access: orchestrate
create or replace function log_main_run(
    floor_id    bigint,
    floor_xid   xid8,
    seen_before pg_snapshot,
    seen        pg_snapshot,
    ceiling_id  bigint,
    after_id    bigint
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
    select e.xid, e.id, e.dispatched_at, e.type, e.key, e.tenant, e.payload, e.body,
           e.content_type, e.meta, e.schema_version
      from event e
     where e.id > greatest(log_main_run.floor_id, log_main_run.after_id)
       and e.id <= log_main_run.ceiling_id
       and is_in_main_run(
            e.xid, log_main_run.floor_xid, log_main_run.seen_before, log_main_run.seen);
end;
