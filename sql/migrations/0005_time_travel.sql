-- Time travel: the rows of views as they were, to begin with, so that a position far in the log is
-- not folded to from the first event.

-- Copies of a view version's rows, each in a table of its own, view_snapshot_<id>.
--   build     of the reducer that made the rows. Where the version was registered anew with another
--             one (development), a copy is of no use.
--   position  up to which the rows have the events.
create table view_snapshot (
    id       bigint      generated always as identity,
    view     text        not null,
    version  integer     not null,
    build    text        not null,
    position bigint      not null,
    taken_at timestamptz not null default clock_timestamp(),

    constraint view_snapshot_pkey primary key (id),
    constraint view_snapshot_unique unique (view, version, build, position)
);
