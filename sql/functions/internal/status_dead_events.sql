-- status_dead_events: the events before which something stands, and the newest that live views went
-- on without, for status(). Internal; dead_events() has all of them.
--
-- Returns     a JSON array, the newest failure first: [{view, version, position, event_id, type,
--             error, state}].
-- Tables      dead_event, view_state: read.
create or replace function status_dead_events()
returns jsonb
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'view', d.view, 'version', d.version, 'position', d.position,
               'event_id', d.event_id, 'type', d.event_type, 'error', d.error, 'state', d.state)
               order by d.failed_at desc), '[]')
      from (select * from dead_event where state = 'halting'
             union all
            (select d.* from dead_event d
              where d.state = 'skipped'
                and exists (select from view_state s
                             where s.view = d.view and s.version = d.version)
              order by d.failed_at desc limit 20)) as d;
$$;
