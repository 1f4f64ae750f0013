-- status: how this environment is doing, and if something stands still, why.
--
-- Returns   a JSON object: environment, leader as status_leader() says, null where nobody leads,
--           epoch, log {position, events_per_second, lag_events, lag_seconds}, views as
--           status_views() says, versions (those of versions() that are being built or are kept
--           warm), dead_events as status_dead_events() says, tasks as status_tasks() says,
--           bookmarks as status_bookmarks() says, retention as retention() says, writers
--           [{pid, application, seconds, state}] of transactions that have dispatched and not ended
--           for over 5 s (see open_writers.sql), problems [text]: each says what stands still, and
--           why; notes [text]: what cannot be told here, which promotion is waited for, for which
--           versions the leader does nothing, which types nobody reads, of which handlers tasks are
--           dead, for which ones history is kept, who was refused in the last hour, and who waits
--           for whose lock.
--           lag_events stops counting at 1000000.
--           Whatever holds the leader up is a problem with its reason, see held_up(); so is what
--           tasks wait for that is not there, see task_problems(), and a lane that stands still,
--           see lane_problems(); and what of captured tables makes no events: capture_problems();
--           a bookmark that was cut, or does not move: bookmark_problems(); and an endpoint that
--           does not work: endpoint_problems().
-- Cost      grows with the lag, not with the log; see unread_event_types().
-- Tables    leader, log_retention: read.
-- Access: observe, orchestrate
create or replace function status()
returns jsonb
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    l          leader;
    is_led     boolean;
    head       bigint;
    lag        record;
    per_second numeric;
    held       text[];
    tasks      jsonb := status_tasks();
    problems   text[];
    notes      text[];
begin
    perform require_rows();
    select * into strict l from leader where only_row;
    is_led := is_led(l);
    head := log_end();
    select count(*) as events,
           round(coalesce(extract(epoch from clock_timestamp() - min(w.dispatched_at)), 0), 3)
               as seconds
      into lag
      from waiting_events(1000000) as w;
    per_second := events_per_second();
    held := held_up(l, lag.events);

    problems := adoption_problems() || leader_problems(l, is_led) || view_problems() || held;
    if is_led then
        problems := problems || version_problems(false);
    end if;
    problems := problems || writer_problems() || task_problems(tasks) || lane_problems();
    problems := problems || task_set_problems() || capture_problems() || schedule_problems();
    problems := problems || bookmark_problems() || endpoint_problems() || workflow_problems();
    if lag.seconds > 10 and is_led then
        problems := problems || pg_catalog.format(
            'the oldest waiting event is %s s old: the orchestrator is behind: %s',
            round(lag.seconds, 1),
            case when held = '{}' then leader_doing(l, per_second)
                 else 'see what holds it up, above' end);
    end if;

    notes := array(select lock_waits());
    notes := notes || session_notes();
    notes := notes || promotion_notes();
    notes := notes || version_notes();
    notes := notes || array(select u.line from unread_event_types() as u);
    notes := notes || inactive_notes();
    notes := notes || task_notes(tasks);
    notes := notes || backfill_notes() || workflow_notes();
    notes := notes || endpoint_notes();
    notes := notes || history_notes();
    notes := notes || array(select 'retention waits: ' || r.waits_for from log_retention r
                             where r.waits_for is not null);
    notes := notes || refusal_notes();

    return pg_catalog.jsonb_build_object(
        'environment', current_schema(),
        'leader', case when is_led then status_leader(l) end,
        'epoch', l.epoch,
        'log', pg_catalog.jsonb_build_object(
            'position', head,
            'events_per_second', per_second,
            'lag_events', lag.events,
            'lag_seconds', lag.seconds),
        'views', status_views(head, lag.events, lag.seconds),
        'versions', (select coalesce(pg_catalog.jsonb_agg(v), '[]')
                       from pg_catalog.jsonb_array_elements(versions()) as v
                      where v ? 'view_set' and v ->> 'state' in ('building', 'warm')),
        'dead_events', status_dead_events(),
        'tasks', tasks,
        'bookmarks', status_bookmarks(),
        'retention', retention(),
        'writers', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(w)
                                                         order by w.seconds desc), '[]')
                      from open_writers(interval '5 seconds') as w),
        'problems', pg_catalog.to_jsonb(problems),
        'notes', pg_catalog.to_jsonb(notes));
end;
$$;
