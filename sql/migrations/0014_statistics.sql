-- Statistics: what happened, counted by maintain() into buckets of time, so that nobody ever counts
-- history. Each event and each end of a task is looked at once.

-- A bucket of one minute, or of one hour once that is long enough ago.
--   subject   handler: tasks of `name` that were made for `version`. event: events of type `name`.
--             view: of `name` in `version`, events that it could not fold.
--   name      null: those for which there was no room in the bucket: see add_statistics().
--   tenant    '' for none; null: likewise.
--   made      events that were reduced.
--   done, dead, cancelled  how tasks ended; cancelled: also those that another one replaced.
--   failed, lost  attempts: see task_failure. Of a task that is dead the last one is among them.
--   waited    how long tasks waited until the claim under which they were done; events until they
--             were reduced. ran: tasks, from that claim on. Both are counts by duration_step(), the
--             first of step 0.
create table statistic (
    subject   text        not null,
    is_hourly boolean     not null,
    bucket_at timestamptz not null,
    name      text,
    version   integer     not null default 0,
    tenant    text,
    made      bigint      not null default 0,
    done      bigint      not null default 0,
    failed    bigint      not null default 0,
    lost      bigint      not null default 0,
    dead      bigint      not null default 0,
    cancelled bigint      not null default 0,
    waited    bigint[]    not null default '{}',
    ran       bigint[]    not null default '{}',

    constraint statistic_unique unique nulls not distinct
        (is_hourly, bucket_at, subject, name, version, tenant),
    constraint statistic_subject_known check (subject in ('handler', 'event', 'view'))
) with (fillfactor = 70);

-- How far the counting is; one row.
--   position    the events up to there are counted. What was in the log before there were
--               statistics is not.
--   counted_at  when that was last done. parts_at: when claims were that go on: count_tasks().
--   note_floor  up to this id no end comes any more, and all were counted. note_ending: an id that
--               was drawn in an earlier pass, ended_before: a transaction that began after it, or
--               0: once all before that have ended, nobody can come with such an id.
create table statistic_progress (
    only_row     boolean     not null default true,
    since        timestamptz not null default clock_timestamp(),
    position     bigint      not null default 0,
    counted_at   timestamptz not null default '-infinity',
    parts_at     timestamptz not null default '-infinity',
    note_floor   bigint      not null default 0,
    note_ending  bigint      not null default 0,
    ended_before xid8        not null default '0',

    constraint statistic_progress_single_row primary key (only_row),
    constraint statistic_progress_only_row_true check (only_row)
) with (fillfactor = 50);
insert into statistic_progress (position)
select coalesce(max(b.first_position + b.count - 1), 0)
  from (select * from batch order by first_position desc limit 1) as b;

-- Claims that are over, of nodes that left or went away, and are still to be counted.
create table statistic_claim (
    claim      bigint   not null,
    tasks      bigint[] not null,

    constraint statistic_claim_unique primary key (claim)
);

-- Of claims that go on for long: the tasks that were counted already.
create table statistic_part (
    claim bigint   not null,
    tasks bigint[] not null,

    constraint statistic_part_unique primary key (claim)
);

-- What ended without a claim to tell it by, and is still to be counted: tasks that were cancelled
-- or replaced, and events that a view could not fold.
--   xid  FIRST column: its default is evaluated before that of id, and count_ends() relies on "xid
--        taken, then id drawn".
create table statistic_end (
    xid      xid8        not null default pg_current_xact_id(),
    id       bigint      not null generated always as identity,
    ended_at timestamptz not null default clock_timestamp(),
    subject  text        not null default 'handler',
    task     bigint,
    name     text,
    version  integer,

    constraint statistic_end_unique primary key (id)
);

-- This attempt was the last one: the task is dead by it. (Later it may be tried again.)
alter table task_failure add column is_last boolean not null default false;
