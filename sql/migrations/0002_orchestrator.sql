-- The orchestrator: who leads, which reducers were registered, where each view stands.

-- The leader; one row. A takeover raises the epoch; whatever the leader writes is checked against
-- it in the same transaction, so the lease only says when a standby may take over.
--   lease_until    by the clock of this server, never of a client; the time of a resignation.
--   backend_start  of the leader's session, null where the owner may not see it: a pid alone may
--                  be that of another session by now. login is its role.
create table leader (
    only_row      boolean     not null default true,
    epoch         bigint      not null default 0,
    node          text,
    backend_pid   integer,
    backend_start timestamptz,
    login         name,
    lease_until   timestamptz not null default '-infinity',
    since         timestamptz,
    reducers      text[]      not null default '{}',

    constraint leader_single_row primary key (only_row),
    constraint leader_only_row_true check (only_row)
) with (fillfactor = 50);
insert into leader default values;

-- The leaderships of the past and present: which epoch ran which reducer versions.
create table leadership (
    epoch    bigint      not null,
    node     text        not null,
    reducers text[]      not null,
    since    timestamptz not null default clock_timestamp(),

    constraint leadership_epoch_unique primary key (epoch)
);

-- Every (reducer, version) that was registered here, with the build it was first seen with.
--   columns  of the view's table in order: [{"name", "type", "nullable", "key"}, ...]
create table reducer_version (
    name          text        not null,
    version       integer     not null,
    build         text        not null,
    language      text        not null,
    columns       jsonb       not null,
    registered_at timestamptz not null default clock_timestamp(),

    constraint reducer_version_unique primary key (name, version),
    constraint reducer_version_language_known check (language in ('c++', 'sql'))
);

-- One row per view: the version that readers see, and where it stands.
--   state     following  it has every event that was recorded; position is not kept up to date.
--             behind     it has the events up to position, and the leader is catching it up.
--             halted     it has the events up to position, and waits for a person.
create table view_state (
    view       text    not null,
    version    integer not null,
    state      text    not null,
    position   bigint  not null,
    reason     text,
    changed_at timestamptz not null default clock_timestamp(),

    constraint view_state_view_unique primary key (view),
    constraint view_state_version_registered
        foreign key (view, version) references reducer_version (name, version),
    constraint view_state_known check (state in ('following', 'behind', 'halted'))
);

-- Events that a reducer could not fold. A skipped event stays skipped in every rebuild.
--   state  halting  the view stands before it.  skipped  the view went on without it.
--          retried  it was put before the reducer again.
create table dead_event (
    view        text        not null,
    version     integer     not null,
    position    bigint      not null,
    event_id    bigint      not null,
    event_type  text        not null,
    error       text        not null,
    state       text        not null,
    failed_at   timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolved_by text,

    constraint dead_event_unique primary key (view, version, position),
    constraint dead_event_state_known check (state in ('halting', 'skipped', 'retried'))
);
