-- Task sets: tasks that belong together, which are all done by one version of one handler, or of
-- the handlers of one view set, from one position of the log, and whose results appear at once.

-- The handlers that a version of a view set names beside its views: they are live with it. The
-- version of one need not be registered yet, which is a node's to do. A handler is in one set.
create table set_handler (
    view_set    text    not null,
    set_version integer not null,
    handler     text    not null,
    version     integer not null,

    constraint set_handler_unique primary key (view_set, set_version, handler),
    constraint set_handler_set_known
        foreign key (view_set, set_version) references set_version (view_set, version)
        on delete cascade,
    constraint set_handler_name_length check (octet_length(handler) between 1 and 128),
    constraint set_handler_version_positive check (version > 0)
);
create index set_handler_by_handler on set_handler (handler);

-- The rows that the members of a handler version's sets make: those of the published sets are a
-- view for readers. They stand in the table <view>__v<version>, each with its set and member.
--   columns  in order: [{"name", "type", "nullable", "key"}, ...]
create table task_set_view (
    handler text    not null,
    version integer not null,
    view    text    not null,
    columns jsonb   not null,

    constraint task_set_view_unique primary key (handler, version),
    constraint task_set_view_name_length check (octet_length(view) between 1 and 50),
    constraint task_set_view_version_registered
        foreign key (handler, version) references handler_version (handler, version)
);
create index task_set_view_by_view on task_set_view (view);

-- One row for each set that was opened. What it is pinned to is said here, once.
--   handler         whose members these are, or the view set that names their handlers.
--   key             what it is about: '2014'. One set of a handler and key is open at a time.
--   version         of the handler, or of the view set. build: of the handler; null: it is a view
--                   set. What no node may differ from is in task_set_pin.
--   input_position  its members read the log up to there.
--   inputs          the views whose rows, as of that position, are in task_set_input.
--   labels          what a node must have beside the handler.
--   state    open        its members are being done.
--            published   readers see its rows, or saw them until a newer one of the key came.
--            superseded  another one takes its place, and nobody ever saw its rows.
--            abandoned   somebody, or its deadline, gave it up.
--   is_sealed     it has all its members.
--   on_promotion  what becomes of it where another version is promoted: finish, restart.
--   deadline_at, at_deadline  if it is open then: abandon, restart.
--   kept          how long its rows are kept once readers do not see them any more.
--   reason        why it is superseded or abandoned; of an open one, why it is not published yet.
--   published_event  the event set/published. digest: of all its rows, by member.
--   clear_at      from when on its rows may go: see clear_task_sets(). cleared_at: they are gone.
create table task_set (
    id              bigint      not null generated always as identity,
    handler         text        not null,
    key             text        not null,
    version         integer     not null,
    build           text,
    input_position  bigint      not null,
    inputs          text[]      not null default '{}',
    state           text        not null default 'open',
    is_sealed       boolean     not null,
    on_promotion    text        not null,
    deadline_at     timestamptz,
    at_deadline     text        not null,
    kept            interval    not null,
    opened_at       timestamptz not null default clock_timestamp(),
    opened_by       name        not null default session_user,
    ended_at        timestamptz,
    reason          text,
    published_event bigint,
    digest          text,
    clear_at        timestamptz,
    cleared_at      timestamptz,

    constraint task_set_id_unique primary key (id),
    constraint task_set_key_length check (octet_length(key) between 1 and 128),
    constraint task_set_state_known
        check (state in ('open', 'published', 'superseded', 'abandoned')),
    constraint task_set_on_promotion_known check (on_promotion in ('finish', 'restart')),
    constraint task_set_at_deadline_known check (at_deadline in ('abandon', 'restart')),
    constraint task_set_published_has_event
        check ((state = 'published') = (published_event is not null))
) with (fillfactor = 50);
create unique index task_set_one_open on task_set (handler, key) where state = 'open';
create index task_set_by_key on task_set (handler, key, id);
create index task_set_open on task_set (id) where state = 'open';
create index task_set_to_clear on task_set (clear_at) where cleared_at is null;

-- The pins of a set, one for each handler of its members: no node gets a member but one with that
-- version in that build.
create table task_set_pin (
    task_set    bigint  not null,
    handler     text    not null,
    version     integer not null,
    build       text    not null,
    requirement integer not null,

    constraint task_set_pin_handler_unique primary key (task_set, handler),
    constraint task_set_pin_unique unique (task_set, requirement),
    constraint task_set_pin_of_set
        foreign key (task_set) references task_set (id) on delete cascade,
    constraint task_set_pin_is_pinned foreign key (requirement, handler, version, build)
        references requirement (id, handler, version, build)
);
create index task_set_pin_by_version on task_set_pin (handler, version);

-- A member of a set: a task, which carries one of the set's pins.
--   payload   of the task, for the set that may take this one's place.
--   claim     under which its results were taken. done_at: when; null: they were not yet.
--   digest    of the rows it made.
create table task_set_member (
    task_set    bigint        not null,
    requirement integer       not null,
    member      text          not null,
    task        bigint        not null,
    payload     event_payload not null,
    claim       bigint,
    done_at     timestamptz,
    digest      bytea,

    constraint task_set_member_unique primary key (task_set, member),
    constraint task_set_member_is_pinned
        foreign key (task_set, requirement) references task_set_pin (task_set, requirement)
        on delete cascade,
    constraint task_set_member_name_length check (octet_length(member) between 1 and 128)
) with (fillfactor = 50);
create unique index task_set_member_by_task on task_set_member (task);
create index task_set_member_not_done on task_set_member (task_set) where done_at is null;

-- The rows of views as they were at a set's input position.
create table task_set_input (
    task_set bigint not null,
    view     text   not null,
    ordinal  bigint not null,
    row      jsonb  not null,

    constraint task_set_input_unique primary key (task_set, view, ordinal),
    constraint task_set_input_of_set
        foreign key (task_set) references task_set (id) on delete cascade
        deferrable initially deferred
);

-- The events and tasks that members made: they leave when the set is published, or never.
--   handler  of a task; null: it is an event, of this type and key.
create table task_set_output (
    task_set       bigint   not null,
    member         text     not null,
    ordinal        integer  not null,
    handler        text,
    type           event_type default '-',
    key            event_key,
    tenant         event_tenant,
    payload        event_payload not null default '{}',
    meta           event_meta,
    schema_version event_schema_version not null default 1,

    constraint task_set_output_unique primary key (task_set, member, ordinal),
    constraint task_set_output_of_member
        foreign key (task_set, member) references task_set_member (task_set, member)
        on delete cascade
);

-- The set that readers see of each key, by handler. It is where the newest position counts. A set
-- of several handlers has a row for each, and one of its view set's name.
create table task_set_shown (
    handler        text    not null,
    key            text    not null,
    task_set       bigint  not null,
    version        integer not null,
    input_position bigint  not null,

    constraint task_set_shown_unique primary key (handler, key),
    constraint task_set_shown_known foreign key (task_set) references task_set (id)
);
create index task_set_shown_by_version on task_set_shown (handler, version, task_set);
create index task_set_shown_by_set on task_set_shown (task_set);

-- Something that a key's sets depend on has changed: a next set has to be opened, whose input
-- position is not before that. Rows are added, so that those who say it do not wait for each other.
--   after_event  the last event of the transaction that said it; null: it is in the log.
--   reason       why no set could be opened for it.
create table task_set_touch (
    id          bigint      not null generated always as identity,
    handler     text        not null,
    key         text        not null,
    after_event bigint,
    touched_at  timestamptz not null default clock_timestamp(),
    reason      text,

    constraint task_set_touch_id_unique primary key (id)
);
create index task_set_touch_by_key on task_set_touch (handler, key);
