-- Versions of views side by side: one is live, others are built or kept warm beside it, and one
-- transaction switches all views of a set.

-- Every (view set, version) that was registered here: which reducer versions it stands for, once
-- and for ever. A view in no declared set is a set of its own, of the same name and version.
--   members  'view@version' of each, sorted.
--   state    building  its rows are being made; it was never live.
--            live      what readers see; one version of a set at most.
--            warm      it was live, and is kept up to date for a rollback.
--            retired   its rows are gone, but for those that another version shares.
--   since    when it came into that state.
create table set_version (
    view_set      text        not null,
    version       integer     not null,
    members       text[]      not null,
    state         text        not null,
    since         timestamptz not null default clock_timestamp(),
    registered_at timestamptz not null default clock_timestamp(),

    constraint set_version_unique primary key (view_set, version),
    constraint set_version_state_known
        check (state in ('building', 'live', 'warm', 'retired')),
    constraint set_version_has_members check (cardinality(members) > 0)
);
create unique index set_version_one_live on set_version (view_set) where state = 'live';

insert into set_version (view_set, version, members, state)
select s.view, s.version, array[s.view || '@' || s.version::text], 'live' from view_state s;

-- The rows of versions that are not live. Each is kept by one process, its builder, under a
-- checkpoint of its own.
--   position  up to which it has the events.
--   state     building  it has further to go.  ready  it was at the log's end when it last looked.
--             halted    it stands before an event that its reducer could not fold.
--   claim     raised by each process that takes it over; whoever has an older one cannot write.
--   node, machine_id, backend_pid, view_sets   of the process that claimed it last, and what that
--             one carries. Whether it is still there says is_kept().
--   seen_at   when that process last said that it is there.
--   claimed_at, claimed_position   for the rate.
create table view_build (
    view             text        not null,
    version          integer     not null,
    position         bigint      not null default 0,
    state            text        not null default 'building',
    reason           text,
    changed_at       timestamptz not null default clock_timestamp(),
    claim            bigint      not null default 0,
    node             text,
    machine_id       text,
    backend_pid      integer,
    view_sets        text[]      not null default '{}',
    seen_at          timestamptz not null default '-infinity',
    claimed_at       timestamptz,
    claimed_position bigint,

    constraint view_build_unique primary key (view, version),
    constraint view_build_version_registered
        foreign key (view, version) references reducer_version (name, version),
    constraint view_build_state_known check (state in ('building', 'ready', 'halted'))
) with (fillfactor = 50);

-- Each promotion that was asked for, and what became of it. A rollback is one, too.
--   view_sets, versions  what is to be live; former: what was, of those sets ('set@version').
--   when_ready           wait until the builds are ready, instead of refusing.
--   position             of the switch: every view of the sets changed over at it.
create table promotion (
    id           bigint      not null generated always as identity,
    view_sets    text[]      not null,
    versions     integer[]   not null,
    former       text[],
    when_ready   boolean     not null,
    state        text        not null default 'requested',
    reason       text,
    position     bigint,
    epoch        bigint,
    requested_by name        not null default session_user,
    requested_at timestamptz not null default clock_timestamp(),
    ended_at     timestamptz,

    constraint promotion_id_unique primary key (id),
    constraint promotion_state_known
        check (state in ('requested', 'done', 'refused', 'cancelled'))
);
create unique index promotion_one_at_a_time on promotion ((true)) where state = 'requested';

-- take_lead() also tells which live version the caller lacks; register_reducer() makes builds;
-- create_view_table() makes no public view any more; dead events are resolved in builds, too.
drop function if exists take_lead(text, text[], interval, text, text, text, boolean);
drop function if exists create_view_table(text, integer, jsonb);
drop function if exists resolve_dead_event(text, text, bigint);
