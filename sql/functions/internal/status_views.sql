-- status_views: where each live view stands, for status(). Internal.
--
-- Arguments   head: the log's end. waiting: how many events are committed and not in the log yet;
--             waiting_seconds: how old the oldest of them is. Those every view lacks.
-- Returns     a JSON array: [{view, version, state, position, lag_events, lag_seconds, skipped,
--             reason}]. skipped: how many events this version went on without; it stops counting at
--             10000.
-- Cost        some index probes a view, and those 10000.
-- Tables      view_state, dead_event: read.
create or replace function status_views(head bigint, waiting bigint, waiting_seconds numeric)
returns jsonb
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'view', s.view, 'version', s.version, 'state', s.state, 'position', at.position,
               'lag_events', status_views.head - at.position + status_views.waiting,
               'lag_seconds', greatest(lag_seconds(at.position, status_views.head),
                                       status_views.waiting_seconds),
               'skipped', (select count(*)
                             from (select from dead_event d
                                    where d.view = s.view and d.version = s.version
                                      and d.state = 'skipped'
                                    limit 10000) as d),
               'reason', s.reason) order by s.view), '[]')
      from view_state s
     cross join lateral (
        select case s.state when 'following' then status_views.head
                            else s.position end as position) as at;
$$;
