-- The log: what was dispatched, and the order it has for ever.
--
-- Only the structure is here. Functions live one per file in sql/functions/ and are made again
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

-- The named limits of dispatch, as domains: a domain's check is compiled once per session, whereas
-- the check constraints of a table are parsed again by every INSERT (measured: 9 of them cost three
-- times the INSERT itself). They hold on every way in, also for COPY, and raise BT001 or BT002
-- themselves. -1 stands for null. set_limit.sql changes a domain and its row in
-- event_limit.
create domain event_type as text constraint event_type_bytes
    check (coalesce(octet_length(value), -1) between 1 and 128
           or refuse_field('type', coalesce(octet_length(value), -1)));
create domain event_key as text constraint event_key_bytes
    check (octet_length(value) between 1 and 256
           or refuse_field('key', octet_length(value)));
create domain event_tenant as text constraint event_tenant_bytes
    check (octet_length(value) between 1 and 128
           or refuse_field('tenant', octet_length(value)));
create domain event_payload as jsonb constraint event_payload_bytes
    check (coalesce(pg_column_size(value), -1) between 0 and 1048576
           or refuse_field('payload', coalesce(pg_column_size(value), -1)));
create domain event_body as bytea constraint event_body_bytes
    check (octet_length(value) between 0 and 1048576
           or refuse_field('body', octet_length(value)));
create domain event_content_type as text constraint event_content_type_bytes
    check (octet_length(value) between 1 and 128
           or refuse_field('content_type', octet_length(value)));
create domain event_meta as jsonb constraint event_meta_bytes
    check (pg_column_size(value) between 0 and 16384
           or refuse_field('meta', pg_column_size(value)));

-- One event: an immutable fact. Rows are inserted and never changed; retention drops partitions.
--   xid           the transaction that dispatched it. FIRST column: its default is evaluated
--                 before that of id, and the log relies on "xid taken, then id drawn".
--   id            unique, drawn at dispatch; NOT the event's position in the log.
--   key           what the event is about; events of one key keep their causal order.
--   payload       JSON. An event of bytes has '{}' here, and body and content_type.
--   meta          about the event, not of it: correlation, causation, user.
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

    constraint event_id_unique primary key (id)
) partition by range (id);

-- Finds the events of a transaction that an earlier window could not see yet.
create index event_xid on event (xid, id);

-- The leader adds the next ones: add_event_partitions.sql.
create table event_from_1 partition of event for values from (1) to (10000001);

-- Only what no other partition takes: nothing, unless dispatch ran far ahead while no orchestrator
-- was there to add partitions. An application's transaction must not fail for that.
create table event_default partition of event default;

-- The limits as values, for clear refusals; one row. max_lag null: no back-pressure.
create table event_limit (
    only_row           boolean not null default true,
    type_bytes         integer not null default 128,
    key_bytes          integer not null default 256,
    tenant_bytes       integer not null default 128,
    payload_bytes      integer not null default 1048576,
    content_type_bytes integer not null default 128,
    meta_bytes         integer not null default 16384,
    max_lag            bigint,

    constraint event_limit_single_row primary key (only_row),
    constraint event_limit_only_row_true check (only_row),
    constraint event_limit_max_lag_positive check (max_lag > 0)
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
