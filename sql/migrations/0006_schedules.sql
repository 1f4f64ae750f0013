-- Schedules: what is to be made again and again at certain times. What comes of a slot is a task or
-- an event as any other, made by maintain().

-- A spec as it is computed with; see parse_schedule(), which makes it. Sets of numbers are bits.
--   every_seconds  so long after each other by the clock of the world, counted from first_at; null:
--                  it is of the calendar.
--   follows_clock  real time counts: in the hour that a zone has twice it comes twice, and in the
--                  one that is missing not at all. Else each local time comes once.
--   seconds, minutes, hours  of the day.
--   days       1 to 31; 32 + n: n days before the last one of the month. months: 1 to 12.
--   weekdays   0 to 6, from Sunday on; 8 + 7 * (n - 1) + weekday: the nth of the month; 43 +
--              weekday: the last one.
--   either     a day of days or of weekdays will do; else it has to be of both.
--   every_days  so many days after each other, counted from first_day. dates: these days.
create type schedule_plan as (
    every_seconds bigint,
    first_at      timestamptz,
    follows_clock boolean,
    seconds       bigint,
    minutes       bigint,
    hours         bigint,
    days          bigint,
    months        bigint,
    weekdays      bigint,
    either        boolean,
    every_days    integer,
    first_day     date,
    dates         date[]
);

-- When something is to be made. wall: what the clocks of the zone show then, or would show, were
-- that time not missing. instant: when that is. Together they are its name: an instant has two
-- walls where an hour is missing, and a wall is twice where there is one too many.
create type schedule_slot as (
    wall    timestamp,
    instant timestamptz
);

-- Who gets a task, or which event is dispatched, at each slot of a spec.
--   handler, event_type  one of the two. payload, key, tenant, priority, labels: of the task or
--   event.
--   zone_data      the version of the zone data that it was planned with; null: it cannot be known.
--   missed         what becomes of slots that are more than a minute late: skip, last (the newest
--                  is made), all (the newest missed_limit of those within missed_window).
--   overlap        what if the former one's task has not ended: skip, queue, cancel, allow.
--   jitter         up to so much later than the slot, for each slot as chance had it once and for
--                  all.
--   next           the slot that is next; null: there is none any more.
--   due_at         when maintain() has to look at it; null where it is paused, or ended.
--   last           the newest slot of which something was made, but for backfills and by hand.
--   last_task      the newest task, but for backfills.
--   trouble        why the next one could not be made when that was tried at tried_at.
create table schedule (
    name          text        not null,
    id            bigint      not null,
    spec          text        not null,
    zone          text        not null,
    plan          schedule_plan not null,
    zone_data     text,
    handler       text,
    event_type    text,
    payload       event_payload default '{}',
    key           event_key,
    tenant        event_tenant,
    priority      integer     not null default 0,
    labels        text[]      not null default '{}',
    overlap       text        not null default 'skip',
    missed        text        not null default 'last',
    missed_limit  integer     not null default 100,
    missed_window interval    not null default '1 day',
    jitter        interval    not null default '0',
    starts_at     timestamptz,
    ends_at       timestamptz,
    made_by       name        not null default session_user,
    made_at       timestamptz not null default clock_timestamp(),
    paused_at     timestamptz,
    paused_by     name,
    pause_reason  text,
    next          schedule_slot,
    due_at        timestamptz,
    last          schedule_slot,
    last_task     bigint,
    trouble       text,
    tried_at      timestamptz,

    constraint schedule_name_unique primary key (name),
    constraint schedule_id_unique unique (id),
    constraint schedule_name_length check (octet_length(name) between 1 and 128),
    constraint schedule_makes_one_thing check (num_nonnulls(handler, event_type) = 1),
    constraint schedule_overlap_known check (overlap in ('skip', 'queue', 'cancel', 'allow')),
    constraint schedule_missed_known check (missed in ('skip', 'last', 'all')),
    constraint schedule_handler_registered foreign key (handler) references handler (name)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
-- What maintain() looks at, each second: however many schedules there are, it is one probe.
create index schedule_due on schedule (due_at) where due_at is not null;
create index schedule_by_zone on schedule (zone);
create index schedule_in_trouble on schedule (tried_at) where trouble is not null;
create sequence schedule_id;
-- Up to which id schedules may be made until they are counted again: require_schedule_room().
create sequence schedule_ceiling minvalue 0;

-- What came of a slot.
--   source   due: maintain() came to it. hand: run_schedule(). backfill: backfill_schedule().
--   outcome  made; skipped: the former task had not ended; missed: this one, and those that came
--            after it up to the next row, were too late. reason: in words.
create table schedule_run (
    schedule bigint        not null,
    instant  timestamptz   not null,
    wall     timestamp     not null,
    source   text          not null,
    outcome  text          not null,
    made_at  timestamptz   not null default clock_timestamp(),
    task     bigint,
    event_id bigint,
    reason   text,

    constraint schedule_run_unique primary key (schedule, instant, wall),
    constraint schedule_run_source_known check (source in ('due', 'hand', 'backfill')),
    constraint schedule_run_outcome_known check (outcome in ('made', 'skipped', 'missed')),
    constraint schedule_run_of_a_schedule
        foreign key (schedule) references schedule (id) on delete cascade
);
create index schedule_run_oldest on schedule_run (made_at);
