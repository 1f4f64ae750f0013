-- schedule: make a task or an event again and again, at certain times. maintain() makes them: each
-- slot once, and in the transaction in which the schedule goes on to its next one.
--
-- Said again with the same name, it becomes what is said now; where the times are the same, the
-- next slot stays. A schedule that is paused stays so.
--
-- Arguments
--   name      1 to 128 bytes.
--   spec      cron with five fields, or six (the second first): '30 2 * * MON-FRI'; '@daily';
--             'every 15 minutes', counted from starts_at or 1970 on; 'every 2 days at 06:30';
--             'on 2026-12-24, 2026-12-31 at 09:00'.
--   handler   whose task each slot becomes, for the version that is live then. Or event_type: of
--             which an event is dispatched.
--   payload, tenant   of them. priority, labels: of tasks. key: of events.
--   zone      whose time it is.
--   overlap   of tasks, if the former one has not ended: 'skip', the default, makes none; 'queue'
--             puts them into one lane; 'cancel' cancels the former one; 'allow' does not care.
--   missed    what becomes of slots that are more than a minute late, because nobody called
--             maintain(): 'skip', none; 'last', the newest; 'all', the newest missed_limit of those
--             within missed_window.
--   jitter    each slot is made up to so much later, always the same for the same slot.
--   starts_at, ends_at   no slot is before the one or after the other.
-- Returns   'added', 'changed' or 'same'.
-- Raises    BT057 the spec is none, or something that cannot be; no slot comes any more. BT037,
--           BT040, BT042, BT001, BT002 see require_schedule_options().
-- Locks     the schedule, until the transaction ends.
-- Tables    schedule: read, lock. See write_schedule().
-- Access: orchestrate
create or replace function schedule(
    name text, spec text, handler text default null, payload jsonb default '{}',
    event_type text default null, key text default null, tenant text default null,
    priority integer default 0, labels text[] default '{}', zone text default 'UTC',
    overlap text default null, missed text default 'last', missed_limit integer default 100,
    missed_window interval default '1 day', jitter interval default '0',
    starts_at timestamptz default null, ends_at timestamptz default null)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former schedule;
    wanted schedule;
begin
    select s.* into former from schedule s where s.name = schedule.name for update;
    wanted := pg_catalog.jsonb_populate_record(former, pg_catalog.jsonb_build_object(
        'name', schedule.name, 'spec', schedule.spec, 'zone', time_zone(schedule.zone),
        'handler', schedule.handler, 'event_type', schedule.event_type, 'key', schedule.key,
        'tenant', schedule.tenant, 'priority', schedule.priority, 'labels', schedule.labels,
        'overlap', coalesce(schedule.overlap, case when schedule.handler is null then 'allow'
                                                   when schedule.missed = 'all' then 'queue'
                                                   else 'skip' end),
        'missed', schedule.missed, 'missed_limit', schedule.missed_limit,
        'missed_window', schedule.missed_window, 'jitter', schedule.jitter,
        'starts_at', schedule.starts_at, 'ends_at', schedule.ends_at));
    wanted.payload := schedule.payload;
    perform require_schedule_options(wanted);
    wanted.plan := parse_schedule(wanted.spec, wanted.starts_at, wanted.zone);
    if wanted = former then
        return 'same';
    end if;
    if (wanted.spec, wanted.zone, wanted.jitter, wanted.starts_at, wanted.ends_at)
       is distinct from (former.spec, former.zone, former.jitter, former.starts_at, former.ends_at)
    then
        wanted := plan_next(wanted, clock_timestamp());
        wanted.zone_data := zone_data_version();
        if wanted.next is null then
            perform refuse_schedule('schedule ' || pg_catalog.quote_literal(wanted.name)
                                    || ' cannot be: no slot of it comes any more');
        end if;
    end if;
    wanted.made_by := session_user;
    wanted.made_at := clock_timestamp();
    wanted.id := coalesce(former.id, pg_catalog.nextval('schedule_id'));
    perform require_schedule_room(wanted.id) where former.id is null;
    perform write_schedule(wanted);
    return case when former.id is null then 'added' else 'changed' end;
end;
$$;
