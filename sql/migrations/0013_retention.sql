-- Retention: how long the events of the log are kept, and where the log begins by now.

-- One row.
--   age, bytes      how long events are kept at least, from the recording of their batch on; what
--                   all partitions of the log may take. Null: no such rule; both: nothing is ever
--                   dropped.
--   partition_rows  how many ids the partitions have that are made from now on: events go by whole
--                   partitions.
--   begins_after    the log begins after this position: the events up to it are gone; 0: none is.
--   gone_to_id      events that had an id up to this one are gone.
--   dropped_at      when it last moved.
--   looked_at       when maintain() last looked whether there is something to drop; waits_for: what
--                   it met, for people; null: nothing.
create table log_retention (
    only_row       boolean     not null default true,
    age            interval,
    bytes          bigint,
    partition_rows bigint      not null default 10000000,
    begins_after   bigint      not null default 0,
    gone_to_id     bigint      not null default 0,
    dropped_at     timestamptz,
    looked_at      timestamptz not null default '-infinity',
    waits_for      text,

    constraint log_retention_single_row primary key (only_row),
    constraint log_retention_only_row_true check (only_row),
    constraint log_retention_age_positive check (age > '0'),
    constraint log_retention_bytes_positive check (bytes > 0),
    constraint log_retention_partition_rows_in_range
        check (partition_rows between 1000 and 1000000000)
) with (fillfactor = 50);
insert into log_retention default values;

-- A snapshot that is a base: what is kept of a version where the log before it goes, see
-- take_bases(). drop_snapshots() leaves it alone for as long as something can begin with it.
alter table view_snapshot add column is_base boolean not null default false;

-- Versions of views that an operator let begin with what is left of the log: without the events up
-- to position, which were gone already. begin_view().
create table late_view (
    view     text        not null,
    version  integer     not null,
    position bigint      not null,
    asked_at timestamptz not null default clock_timestamp(),
    asked_by name        not null default session_user,

    constraint late_view_unique primary key (view, version)
);

-- Finds receipts of events that are gone.
create index dispatch_receipt_by_event on dispatch_receipt (event_id);
