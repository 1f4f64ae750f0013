-- Events for which nothing is to stop any more, because a person said so.

-- What cannot fold such an event goes on without it, instead of halting: the versions that there
-- are, those that are behind, and those that will be built. What can fold it does; so a version
-- that was mended has it.
--   view  of this view all versions; null: of every view.
create table skipped_event (
    position   bigint      not null,
    event_id   bigint      not null,
    view       text,
    skipped_at timestamptz not null default clock_timestamp(),
    skipped_by text        not null default session_user,

    constraint skipped_event_unique unique nulls not distinct (position, view)
);

-- For what waits for an event, for what stands still, and for what status() shows.
create index dead_event_event on dead_event (event_id);
create index dead_event_halting on dead_event (view, version) where state = 'halting';
create index dead_event_skipped on dead_event (failed_at) where state = 'skipped';
