-- status: how this environment is doing, and if something stands still, why.
--
-- Returns   a JSON object: environment, leader {node, epoch, since, backend_pid, lease_seconds,
--           reducers} (lease_seconds below 0: its session is there and has not extended the lease),
--           log {position, events_per_second, lag_events, lag_seconds}, views
--           as status_views() says, versions (those of versions() that are being built or are kept
--           warm), dead_events as status_dead_events() says,
--           writers [{pid, application, seconds, state}] of transactions that have dispatched and
--           not ended for over 5 s (see open_writers.sql), problems [text]: each says what
--           stands still, and why; notes [text]: what cannot be told here, which promotion is
--           waited for, for which versions the leader does nothing, who was refused in the last
--           hour, and who waits for whose lock.
--           lag_events stops counting at 1000000.
--           Whatever holds the leader up is a problem with its reason, see held_up().
-- Cost      grows with the lag, not with the log.
-- Tables    leader, leadership, batch, log_window, view_state, view_build, set_version, set_member,
--           dead_event, event, refusal, promotion: read.
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
    session    record;
    has_leader boolean;
    at_end     record;
    lag        record;
    per_second numeric;
    writers    jsonb;
    problems   text[] := '{}';
    held       text[];
    notes      text[] := '{}';
begin
    perform require_rows();
    select * into strict l from leader where only_row;
    select s.pid, s.doing into session from leader_session(l) as s;
    has_leader := l.lease_until >= clock_timestamp() or session.pid is not null;
    select b.first_position + b.count - 1 as position, b.recorded_at into at_end
      from batch b
     order by b.first_position desc
     limit 1;
    select count(*) as events,
           coalesce(extract(epoch from clock_timestamp() - min(w.dispatched_at)), 0) as seconds
      into lag
      from waiting_events(1000000) as w;
    select round(coalesce(sum(b.count), 0) / 10.0, 1) into per_second
      from (select * from batch order by first_position desc limit 10000) as b
     where b.recorded_at > clock_timestamp() - interval '10 seconds';

    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(w) order by w.seconds desc), '[]')
      into writers
      from open_writers(interval '5 seconds') as w;

    if not has_leader then
        problems := problems || pg_catalog.format(
            'no orchestrator leads: %s; start one with "baton orchestrate"',
            case when l.epoch = 0 then 'there never was one'
                 else pg_catalog.format('%s led until %s', l.node, l.lease_until) end);
        problems := problems || version_problems(true);
    elsif l.lease_until < clock_timestamp() then
        problems := problems || pg_catalog.format(
            '%s leads, but did not extend its lease, which ended at %s; its session, process %s, '
            'is %s: a batch takes long, or the process hangs',
            l.node, l.lease_until, session.pid, session.doing);
    end if;
    select problems || coalesce(pg_catalog.array_agg(pg_catalog.format(
               'view %s@%s is halted at position %s: %s; see "baton dead list"',
               s.view, s.version, s.position, s.reason)), '{}')
      into problems
      from view_state s
     where s.state = 'halted';
    held := held_up(l, lag.events);
    problems := problems || held;
    if has_leader then
        problems := problems || version_problems(false);
    end if;
    select problems || coalesce(pg_catalog.array_agg(pg_catalog.format(
               'process %s (%s) dispatched %s s ago and has not committed; its events wait for '
               'it, nobody else''s do',
               w.pid, w.application, w.seconds)), '{}')
      into problems
      from open_writers(interval '5 seconds') as w
     where w.seconds is not null;
    if lag.seconds > 10 and has_leader then
        problems := problems || pg_catalog.format(
            'the oldest waiting event is %s s old: the orchestrator is behind: %s',
            round(lag.seconds::numeric, 1),
            case when held = '{}' then leader_doing(l, per_second)
                 else 'see what holds it up, above' end);
    end if;

    notes := notes || array(select lock_waits());
    if not sees_all_sessions() then
        notes := notes || pg_catalog.format(
            'what sessions of other roles do cannot be seen: grant pg_read_all_stats to %I',
            current_user);
    end if;
    select notes || coalesce(pg_catalog.array_agg(pg_catalog.format(
               'promotion %s (%s) was asked for by %s at %s, and is not carried out yet: %s; '
               '"baton promote --cancel %s" ends it',
               p.id, (select string_agg(pg_catalog.format('%s@%s', w.s, w.v), ', ')
                        from unnest(p.view_sets, p.versions) as w (s, v)),
               p.requested_by, date_trunc('second', p.requested_at), promotion_hold(p.id), p.id)),
               '{}')
      into notes
      from promotion p
     where p.state = 'requested';
    notes := notes || version_notes();
    select notes || coalesce(pg_catalog.array_agg(pg_catalog.format(
               'view set %s@%s is %s: %s', s.view_set, s.version, s.state, i.reason)
               order by s.view_set, s.version), '{}')
      into notes
      from set_version s
     cross join lateral idle_reason(s) as i (reason)
     where s.state <> 'building' and i.reason is not null;
    select notes || coalesce(pg_catalog.array_agg(pg_catalog.format(
               '%s of %s from %s was refused (%s), the last time at %s; see '
               '"baton environment refusals"',
               r.node, r.login, r.address, r.code, r.last_at) order by r.last_at desc), '{}')
      into notes
      from (select * from refusal
             where last_at > clock_timestamp() - interval '1 hour'
             order by last_at desc limit 5) as r;

    return pg_catalog.jsonb_build_object(
        'environment', current_schema(),
        'leader', case when has_leader
                       then pg_catalog.jsonb_build_object(
                            'node', l.node, 'epoch', l.epoch, 'since', l.since,
                            'backend_pid', l.backend_pid,
                            'lease_seconds', round(
                                extract(epoch from l.lease_until - clock_timestamp())::numeric,
                                3),
                            'reducers', pg_catalog.to_jsonb(array(
                                select pg_catalog.format('%s@%s', r.name, r.version)
                                  from pg_catalog.unnest(l.reducers) as r))) end,
        'epoch', l.epoch,
        'log', pg_catalog.jsonb_build_object(
            'position', coalesce(at_end.position, 0),
            'events_per_second', per_second,
            'lag_events', lag.events,
            'lag_seconds', round(lag.seconds::numeric, 3)),
        'views', status_views(coalesce(at_end.position, 0), lag.events,
                              round(lag.seconds::numeric, 3)),
        'versions', (select coalesce(pg_catalog.jsonb_agg(v), '[]')
                       from pg_catalog.jsonb_array_elements(versions()) as v
                      where v ->> 'state' in ('building', 'warm')),
        'dead_events', status_dead_events(),
        'writers', writers,
        'problems', pg_catalog.to_jsonb(problems),
        'notes', pg_catalog.to_jsonb(notes));
end;
$$;
