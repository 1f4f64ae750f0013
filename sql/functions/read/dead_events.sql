-- dead_events: the events that reducers could not fold, each with its content. For `baton dead`.
--
-- Arguments   view, position: only those; null for all. resolved: also those that were put before
--             the reducer again.
-- Returns     the newest failure first; key, payload, content_type and meta are those of the event,
--             null if retention has dropped it, or a text that says why they cannot be read.
-- Tables      dead_event, event: read.
-- Access: observe, orchestrate
create or replace function dead_events(
    view text default null, "position" bigint default null, resolved boolean default false)
returns table (
    view         text,
    version      integer,
    "position"   bigint,
    event_id     bigint,
    event_type   text,
    error        text,
    state        text,
    failed_at    timestamptz,
    resolved_at  timestamptz,
    resolved_by  text,
    key          text,
    payload      jsonb,
    content_type text,
    meta         jsonb
)
language sql
stable
security definer
set search_path from current
as $$
    select d.view, d.version, d.position, d.event_id, d.event_type, d.error, d.state, d.failed_at,
           d.resolved_at, d.resolved_by, e.key,
           readable(e.payload), e.content_type, readable(e.meta)
      from dead_event d
      left join event e on e.id = d.event_id
     where (dead_events.view is null or d.view = dead_events.view)
       and (dead_events.position is null or d.position = dead_events.position)
       and (dead_events.resolved or d.state <> 'retried')
     order by d.failed_at desc, d.view, d.position;
$$;
