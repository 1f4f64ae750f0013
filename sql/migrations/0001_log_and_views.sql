-- The structure of an environment: the log, the views' versions, the leader, the machines.
--
-- Only the structure is here. Functions live one per file below sql/functions/ and are made again
-- after every migration. Why the order is right is told in log_slice.sql.

-- Raises what is wrong with a field. The domains name it, so it must be there before them;
-- refuse_field.sql says it in full.
create function refuse_field(name text, bytes integer)
returns boolean
language plpgsql
stable
strict
as $$
begin
    raise exception 'event %: % bytes are refused', refuse_field.name, refuse_field.bytes
        using errcode = 'BT001';
end;
$$;

-- Measures JSON as it will be read. Likewise; require_readable.sql.
create function require_readable(name text, value jsonb, bytes_max integer)
returns boolean
language plpgsql
stable
set search_path from current
as $$
declare
    bytes integer := coalesce(pg_catalog.octet_length(value::text), -1);
begin
    return bytes between 0 and bytes_max or refuse_field(name, bytes);
end;
$$;

-- The named limits of dispatch, as domains: a domain's check is compiled once per session, whereas
-- the check constraints of a table are parsed again by every INSERT (measured: 9 of them cost three
-- times the INSERT itself). They hold on every way in, also for COPY, and raise BT001 or BT002
-- themselves. set_limit.sql changes a domain and its row in event_limit, and writes the checks as
-- they are here.
--
-- To compare a length costs next to nothing; what counts is how many functions and operators the
-- checks name, because each INSERT looks all of them up anew: docs/benchmarks.md has what that
-- costs. Unknown counts as "it is to be refused": null, where that is an error, or an empty text.
--
-- JSON is measured as it will be read. pg_column_size() tells what a value takes in the log, and no
-- more: a number of 16 bytes has up to 147,000 digits as text, an escape has six characters, and a
-- compressed value a hundred times its size. So JSON is printed and measured, unless it is so small
-- that it need not be: printing costs more than all other checks of an event. `||` with an empty
-- object gives the value as it is in memory. set_limit.sql says what is so small.
create domain event_type as text;
alter domain event_type add constraint event_type_bytes
    check (nullif(octet_length(value), 0) <= 128
           or refuse_field('type', coalesce(octet_length(value), -1))) not valid;
create domain event_key as text;
alter domain event_key add constraint event_key_bytes
    check (nullif(octet_length(value), 0) <= 256
           or refuse_field('key', octet_length(value))) not valid;
create domain event_tenant as text;
alter domain event_tenant add constraint event_tenant_bytes
    check (nullif(octet_length(value), 0) <= 128
           or refuse_field('tenant', octet_length(value))) not valid;
create domain event_payload as jsonb;
alter domain event_payload add constraint event_payload_bytes
    check (pg_column_size(value || '{}') <= 451
           or require_readable('payload', value, 1048576)) not valid;
create domain event_body as bytea;
alter domain event_body add constraint event_body_bytes
    check (octet_length(value) <= 1048576
           or refuse_field('body', octet_length(value))) not valid;
create domain event_content_type as text;
alter domain event_content_type add constraint event_content_type_bytes
    check (nullif(octet_length(value), 0) <= 128
           or refuse_field('content_type', octet_length(value))) not valid;
create domain event_meta as jsonb;
alter domain event_meta add constraint event_meta_bytes
    check (value is null or pg_column_size(value || '{}') <= 7
           or require_readable('meta', value, 16384)) not valid;
create domain event_schema_version as integer;
alter domain event_schema_version add constraint event_schema_version_range
    check (coalesce(value, 0) between 1 and 32767
           or refuse_field('schema_version', coalesce(value, 0))) not valid;

-- One event: an immutable fact. Rows are inserted and never changed; retention drops partitions.
--   xid           the transaction that dispatched it. FIRST column: its default is evaluated
--                 before that of id, and the log relies on "xid taken, then id drawn".
--   id            unique, drawn at dispatch; NOT the event's position in the log.
--   key           what the event is about; events of one key keep their causal order.
--   payload       JSON. An event of bytes has '{}' here, and body and content_type.
--   meta          about the event, not of it: correlation, causation, user.
--   schema_version  which shape of its type's payload it has.
create table event (
    xid           xid8        not null default pg_current_xact_id(),
    id            bigint      not null generated always as identity,
    dispatched_at timestamptz not null default statement_timestamp(),
    type          event_type,
    key           event_key,
    tenant        event_tenant,
    payload       event_payload default '{}',
    body          event_body,
    content_type  event_content_type,
    meta          event_meta,
    schema_version  event_schema_version not null default 1,

    constraint event_id_unique primary key (id)
) partition by range (id);

-- Finds the events of a transaction that an earlier window could not see yet.
create index event_xid on event (xid, id);

-- The leader adds the next ones: add_event_partitions.sql.
create table event_from_1 partition of event for values from (1) to (10000001);

-- Only what no other partition takes: nothing, unless dispatch ran far ahead while no orchestrator
-- was there to add partitions. An application's transaction must not fail for that.
create table event_default partition of event default;

-- The limits as values, for clear refusals; one row. max_lag null: no back-pressure. task_history:
-- for how long at least a task is known that has ended; null: for ever.
create table event_limit (
    only_row           boolean not null default true,
    type_bytes         integer not null default 128,
    key_bytes          integer not null default 256,
    tenant_bytes       integer not null default 128,
    payload_bytes      integer not null default 1048576,
    content_type_bytes integer not null default 128,
    meta_bytes         integer not null default 16384,
    max_lag            bigint,
    task_history       interval default '30 days',

    constraint event_limit_single_row primary key (only_row),
    constraint event_limit_only_row_true check (only_row),
    constraint event_limit_max_lag_positive check (max_lag > 0),
    constraint event_limit_task_history_positive check (task_history > '0')
);
insert into event_limit default values;

-- Which event a dispatch_id led to, so that a dispatch can be repeated after an unknown COMMIT.
create table dispatch_receipt (
    dispatch_id uuid   not null,
    event_id    bigint not null,
    digest      bytea  not null,

    constraint dispatch_receipt_unique primary key (dispatch_id)
);

-- Two flags that every dispatch reads. Sequences, because their value is changed in place: a row
-- would leave a dead version at each change, and a long open snapshot would make every dispatch
-- walk over all of them. Read by pg_sequence_last_value(), which a dispatch can afford (a scan
-- costs it five times as much), and which gives null while the sequence says nothing:
--   doorbell          1 while the orchestrator sleeps and wants to be notified, else null.
--   dispatch_ceiling  the highest event id that back-pressure allows; null: any.
create sequence doorbell minvalue 1 cache 1;
create sequence dispatch_ceiling minvalue 1 cache 1;

-- A window: what one snapshot sees and that of the window before did not.
--   id_value    value of the id sequence, read before xid was taken.
--   xid         of the transaction that opened the window, taken before the snapshot.
--   seen        the snapshot.
--   id_ceiling  value of the id sequence, read after the snapshot: no seen event has a higher id.
--   stragglers  transactions up to the former window's xid that only this window sees.
--   recorded_by the transaction that wrote this row; differs from the row's xmin in a restored
--               copy, whose snapshots mean nothing in the cluster they came to.
create table log_window (
    number      bigint      not null,
    id_value    bigint      not null,
    xid         xid8        not null,
    seen        pg_snapshot not null,
    id_ceiling  bigint      not null,
    stragglers  xid8[]      not null,
    recorded_by xid8        not null default pg_current_xact_id(),

    constraint log_window_number_unique primary key (number)
);
-- Before the first window nothing was seen.
insert into log_window (number, id_value, xid, seen, id_ceiling, stragglers)
values (0, 0, '0', '1:1:', 0, '{}');

-- The clusters this log has lived in. Windows above window_number belong to this cluster; those up
-- to it take every event up to after_id. See rebase_log.sql.
create table log_origin (
    window_number     bigint      not null,
    system_identifier bigint      not null,
    after_id          bigint      not null,
    since             timestamptz not null default statement_timestamp(),

    constraint log_origin_window_unique primary key (window_number)
);
insert into log_origin (window_number, system_identifier, after_id)
select 0, system_identifier, 0 from pg_control_system();

-- A batch: the events one orchestrator transaction took. Its positions are first_position and the
-- count - 1 that follow; its events are those of the window with after_id < id <= last_id.
-- The newest row is the checkpoint. Insert-only, so it costs the same under an old snapshot.
create table batch (
    first_position bigint      not null,
    count          integer     not null,
    window_number  bigint      not null,
    after_id       bigint      not null,
    last_id        bigint      not null,
    epoch          bigint      not null,
    started_at     timestamptz not null,
    recorded_at    timestamptz not null default clock_timestamp(),

    constraint batch_first_position_unique primary key (first_position),
    constraint batch_count_positive check (count > 0),
    constraint batch_ids_ascend check (last_id > after_id)
);

-- What has a name and a version: a reducer, a view set.
create type versioned as (name text, version integer);

-- The leader; one row. A takeover raises the epoch; whatever the leader writes is checked against
-- it in the same transaction, so the lease only says when a standby may take over.
--   lease_until    by the clock of this server, never of a client; the time of a resignation.
--   backend_start  of the leader's session, null where the owner may not see it: a pid alone may
--                  be that of another session by now. login is its role.
--   mark_hash      which session leads, see asked_session; machine_id: from which machine.
create table leader (
    only_row      boolean     not null default true,
    epoch         bigint      not null default 0,
    node          text,
    backend_pid   integer,
    backend_start timestamptz,
    login         name,
    lease_until   timestamptz not null default '-infinity',
    since         timestamptz,
    reducers      versioned[] not null default '{}',
    machine_id    text,
    mark_hash     bytea,

    constraint leader_single_row primary key (only_row),
    constraint leader_only_row_true check (only_row)
) with (fillfactor = 50);
insert into leader default values;

-- The leaderships of the past and present: which epoch ran which reducer versions, and what it met,
-- so that "the orchestrator is behind" has a reason, and a process that takes the lead again and
-- again is told from one that leads.
--   trouble     what holds it up, or ended it, in words; null where there is none.
--   trouble_at  since when.
create table leadership (
    epoch      bigint      not null,
    node       text        not null,
    reducers   versioned[] not null,
    since      timestamptz not null default clock_timestamp(),
    trouble    text,
    trouble_at timestamptz,

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

-- The types that reducers read, of every version that is registered, also of those that are
-- retired: who still dispatches for one must not fail because it was retired. What has a % in it is
-- a pattern of LIKE, as SQL reducers may have; % alone is one that reads whatever there is. A
-- version without a row was registered by a program that did not tell.
create table event_type_reader (
    type    text    not null,
    view    text    not null,
    version integer not null,

    constraint event_type_reader_unique primary key (type, view, version),
    constraint event_type_reader_version_registered
        foreign key (view, version) references reducer_version (name, version) on delete cascade
);
create index event_type_reader_by_version on event_type_reader (view, version);
create index event_type_reader_pattern on event_type_reader (type) where strpos(type, '%') > 0;

-- Those that somebody declared: there are such events, whoever reads them. declare_event_types().
create table declared_event_type (
    type text not null,

    constraint declared_event_type_unique primary key (type)
);

-- Every (view set, version) that was registered here. A view in no declared set is a set of its
-- own, of the same name and version.
--   state    building  its rows are being made; it was never live.
--            live      what readers see; one version of a set at most.
--            warm      it was live, and is kept up to date for a rollback.
--            retired   its rows are gone, but for those that another version shares.
--   since    when it came into that state.
create table set_version (
    view_set      text        not null,
    version       integer     not null,
    state         text        not null,
    since         timestamptz not null default clock_timestamp(),
    registered_at timestamptz not null default clock_timestamp(),

    constraint set_version_unique primary key (view_set, version),
    constraint set_version_state_known
        check (state in ('building', 'live', 'warm', 'retired'))
);
create unique index set_version_one_live on set_version (view_set) where state = 'live';

-- What a set version stands for, once and for ever: members, each a name with a version that is
-- registered here. A reducer is registered in the transaction that makes its set known, and
-- forgotten in the one that forgets the set: hence the deferred key.
create table set_member (
    view_set    text    not null,
    set_version integer not null,
    member      text    not null,
    version     integer not null,

    constraint set_member_unique primary key (view_set, set_version, member),
    constraint set_member_set_known
        foreign key (view_set, set_version) references set_version (view_set, version)
        on delete cascade,
    constraint set_member_version_registered
        foreign key (member, version) references reducer_version (name, version)
        deferrable initially deferred
);
create index set_member_by_member on set_member (member, version);

-- One row per view: the version that readers see, and where it stands.
--   state     following  it has every event that was recorded; position is not kept up to date.
--             behind     it has the events up to position, and the leader is catching it up.
--             halted     it has the events up to position, and waits for a person.
--   effects_to  the effects of the events up to there have happened, or are not to: what was in the
--             log before the version was live has none. Not kept up to date while it follows.
create table view_state (
    view       text    not null,
    version    integer not null,
    state      text    not null,
    position   bigint  not null,
    reason     text,
    changed_at timestamptz not null default clock_timestamp(),
    effects_to bigint  not null default 0,

    constraint view_state_view_unique primary key (view),
    constraint view_state_version_registered
        foreign key (view, version) references reducer_version (name, version),
    constraint view_state_known check (state in ('following', 'behind', 'halted'))
);

-- The rows of versions that are not live. Each is kept by one process, its builder, under a
-- checkpoint of its own.
--   position  up to which it has the events.
--   state     building  it has further to go.  ready  it was at the log's end when it last looked.
--             halted    it stands before an event that its reducer could not fold.
--   claim     raised by each process that takes it over; whoever has an older one cannot write.
--   node, machine_id, backend_pid, mark_hash, view_sets  of the process that claimed it
--             last, and what that one carries. Whether it is still there says is_kept().
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
    view_sets        versioned[] not null default '{}',
    seen_at          timestamptz not null default '-infinity',
    claimed_at       timestamptz,
    claimed_position bigint,
    mark_hash        bytea,

    constraint view_build_unique primary key (view, version),
    constraint view_build_version_registered
        foreign key (view, version) references reducer_version (name, version),
    constraint view_build_state_known check (state in ('building', 'ready', 'halted'))
) with (fillfactor = 50);

-- Each promotion that was asked for, and what became of it. A rollback is one, too. One of handlers
-- is done as soon as it is asked for.
--   view_sets, versions  what is to be live. handlers, handler_versions: likewise, in the same
--                        switch. former: what was, of those.
--   when_ready           wait until the builds are ready, instead of refusing.
--   nodes                so many must carry each handler's version.
--   position             of the switch: every view and handler changed over at it.
create table promotion (
    id           bigint      not null generated always as identity,
    view_sets    text[]      not null,
    versions     integer[]   not null,
    handlers     text[]      not null default '{}',
    handler_versions integer[] not null default '{}',
    former       versioned[],
    when_ready   boolean     not null,
    nodes        integer     not null default 1,
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

-- Copies of a view version's rows, each in a table of its own, view_snapshot_<id>: so that time
-- travel to a position far in the log does not fold from the first event.
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

-- For what waits for an event, for what stands still, and for what status() shows.
create index dead_event_event on dead_event (event_id);
create index dead_event_halting on dead_event (view, version) where state = 'halting';
create index dead_event_skipped on dead_event (failed_at) where state = 'skipped';

-- Events for which nothing is to stop any more, because a person said so. What cannot fold such an
-- event goes on without it, instead of halting: the versions that there
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

-- What this environment is; one row, written by describe_environment(). A schema that nobody has
-- described counts as production.
--   kind  null: nobody has said yet, which counts as production.
--   unknown_events  what is done about a type of event that nobody knows: accept, warn (status and
--         the orchestrator's log name them) or refuse (dispatch raises BT040).
--         set_unknown_events() changes it.
create table environment (
    only_row                      boolean not null default true,
    name                          text,
    kind                          text,
    auto_enrol_beside_production  boolean not null default false,
    unknown_events                text    not null default 'accept',

    constraint environment_single_row primary key (only_row),
    constraint environment_only_row_true check (only_row),
    constraint environment_kind_known check (kind in ('development', 'staging', 'production')),
    constraint environment_kind_has_name check (kind is null or name is not null),
    constraint environment_unknown_events_known
        check (unknown_events in ('accept', 'warn', 'refuse'))
);
insert into environment default values;

-- Where this environment lives; one row. In a restored dump, or a copy of the database, it says
-- where that one lives which was copied: unadopted(). adopt_environment() says that it lives here.
--   system_identifier  of the cluster. pg_upgrade changes it, but no row and no oid of a table.
--   database_id        null: it is at home in each database that is made from this one as a
--                      template, for tests that make many.
--   table_id           of this table.
--   written_by         the transaction that wrote this row; differs from the row's xmin where that
--                      was restored.
--   no_tasks_to        events up to this id become no tasks: who adopted it discarded them.
create table environment_home (
    only_row          boolean     not null default true,
    system_identifier bigint      not null,
    database_id       oid,
    table_id          oid         not null,
    written_by        xid8        not null default pg_current_xact_id(),
    since             timestamptz not null default statement_timestamp(),
    adopted_by        name,
    no_tasks_to       bigint      not null default 0,

    constraint environment_home_single_row primary key (only_row),
    constraint environment_home_only_row_true check (only_row)
);
insert into environment_home (system_identifier, database_id, table_id)
select s.system_identifier, d.oid, 'environment_home'::regclass
  from pg_control_system() as s, pg_database d
 where d.datname = current_database();

-- The machines that were enrolled here, see enrol_machine() and admit_machine().
--   machine_id       what a client makes of its machine: 64 hex digits.
--   token_hash       sha256 of the token. next_token_hash: of the one that a rotation gave out; the
--                    former is good until this one is first used.
--   networks         from where it may come; empty: from everywhere.
--   client_dn        what its TLS certificate must say; null: anything, or no certificate. Postgres
--                    shows 63 bytes of it, so one as long may be the beginning of several.
--   automatic        it enrolled itself, which only environments of kind development allow.
create table machine (
    machine_id      text        not null,
    name            text        not null,
    token_hash      bytea       not null,
    next_token_hash bytea,
    networks        cidr[]      not null default '{}',
    client_dn       text,
    automatic       boolean     not null default false,
    enrolled_at     timestamptz not null default clock_timestamp(),
    enrolled_by     name        not null default session_user,
    last_seen_at    timestamptz,
    last_node       text,
    revoked_at      timestamptz,
    revoked_by      name,

    constraint machine_id_unique primary key (machine_id),
    constraint machine_id_is_sha256 check (machine_id ~ '^[0-9a-f]{64}$'),
    constraint machine_name_length check (octet_length(name) between 1 and 200),
    constraint machine_token_hash_is_sha256 check (octet_length(token_hash) = 32),
    constraint machine_next_token_hash_is_sha256 check (octet_length(next_token_hash) = 32),
    constraint machine_client_dn_length check (octet_length(client_dn) between 1 and 62),
    constraint machine_revoked_by_somebody check ((revoked_at is null) = (revoked_by is null))
);

-- Who was turned away: one row for each reason, machine, login and address, so that repeating an
-- attempt takes no room. See refuse_machine(), which also bounds how many rows there are.
--   machine_id  as it was told, which proves nothing; '' where it was none.
--   address     of the client, as the server sees it; 'local' for a unix socket.
create table refusal (
    code       text        not null,
    machine_id text        not null,
    login      name        not null,
    address    text        not null,
    node       text        not null,
    message    text        not null,
    attempts   bigint      not null default 1,
    first_at   timestamptz not null default clock_timestamp(),
    last_at    timestamptz not null default clock_timestamp(),

    constraint refusal_unique primary key (code, machine_id, login, address)
);
create index refusal_by_last_at on refusal (last_at);

-- What each session was asked that wants to show a token, see challenge(). One row for each server
-- process; those whose process is gone are deleted by whoever comes next.
--   mark_hash  sha256 of a secret that only that session has, see own_session(). A process id is
--              given to another session later; this is not.
--   nonce      what it has to answer. No other session is asked the same.
create table asked_session (
    backend_pid integer not null,
    mark_hash   bytea   not null,
    nonce       bytea   not null,

    constraint asked_session_unique primary key (backend_pid)
);

-- What only one session may do at a time: whoever locks the row has the turn. A row, and no
-- advisory lock: those can be taken by whoever may connect to the database.
create table turn (
    name text not null,

    constraint turn_unique primary key (name)
);
insert into turn values ('registration'), ('builds'), ('snapshots');
