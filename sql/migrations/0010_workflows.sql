-- Workflows: tasks that follow from each other, each made in the transaction in which the one
-- before it was completed. What a run does is said by a definition, which never changes.

-- 1 once a workflow was ever defined here, else null: what every completion reads, as it reads
-- task_parents.
create sequence workflow_bell minvalue 1 cache 1;
create sequence workflow_order;

-- What a version of a workflow does. Addressed by what it says: digest is of name, version,
-- on_failure and steps.
--   on_failure  compensate, where a step cannot be done; or hold, until somebody decides.
--   steps       as they were told, with all that was left out.
create table workflow_definition (
    digest     text        not null,
    name       text        not null,
    version    integer     not null,
    on_failure text        not null,
    steps      jsonb       not null,
    defined_at timestamptz not null default clock_timestamp(),
    defined_by name        not null default session_user,

    constraint workflow_definition_digest_unique primary key (digest),
    constraint workflow_definition_pin_unique unique (name, version, digest),
    constraint workflow_definition_name_length check (octet_length(name) between 1 and 128),
    constraint workflow_definition_version_positive check (version > 0),
    constraint workflow_definition_on_failure_known check (on_failure in ('compensate', 'hold'))
);

-- The definition that a version has. Only in development does it ever get another one.
--   live_since, live_until  as those of handler_version.
create table workflow_version (
    name       text    not null,
    version    integer not null,
    digest     text    not null,
    live_since timestamptz,
    live_until timestamptz,

    constraint workflow_version_unique primary key (name, version),
    constraint workflow_version_defined foreign key (name, version, digest)
        references workflow_definition (name, version, digest)
);
-- The version that new runs take.
create table workflow (
    name         text    not null,
    live_version integer not null,

    constraint workflow_name_unique primary key (name),
    constraint workflow_live_version_defined foreign key (name, live_version)
        references workflow_version (name, version)
);

-- The steps of a definition. One of handler, sleep, and event says what a step is.
--   after      the steps that must be done before it. What they gave is its payload.
--   handler, version, labels  whose task it is. each: a field of its payload, or '' for all of it,
--              is an array, each element of which becomes a task.
--   undo_handler, undo_version  whose task undoes it.
--   sleep      how long it takes.
--   event      the type of the event that it waits for. key_of: a field of the run's payload that
--              has the event's key; null: the run's key. since: run, events from the start of the
--              run on will do; or step, of this step.
--   deadline, at_deadline  how long it waits; then it fails, or goes on with null.
create table workflow_step (
    digest       text     not null,
    step         text     not null,
    ordinal      integer  not null,
    after        text[]   not null,
    handler      text,
    version      integer,
    labels       text[]   not null default '{}',
    each         text,
    undo_handler text,
    undo_version integer,
    sleep        interval,
    event        text,
    key_of       text,
    since        text     not null default 'run',
    deadline     interval,
    at_deadline  text     not null default 'fail',

    constraint workflow_step_unique primary key (digest, step),
    constraint workflow_step_of_definition
        foreign key (digest) references workflow_definition (digest),
    constraint workflow_step_version_registered
        foreign key (handler, version) references handler_version (handler, version),
    constraint workflow_step_undo_registered
        foreign key (undo_handler, undo_version) references handler_version (handler, version),
    constraint workflow_step_is_one_thing check (num_nonnulls(handler, sleep, event) = 1)
);
create index workflow_step_by_event on workflow_step (event) where event is not null;

-- One run of a definition, for ever of that one, unless somebody moves it.
--   key     of a workflow's runs only one ever has it.
--   state   running; failed: a step cannot be done, and it waits for somebody; compensating: what
--           was done is being undone, and then it is what outcome says; done, compensated,
--           cancelled.
--   round   of its steps and tasks: those that begin from now on have this number.
--   start_position  the end of the log when it was started.
--   result  of its last step. reason: why it is in that state.
create table workflow_run (
    id             bigint      not null generated always as identity,
    name           text        not null,
    version        integer     not null,
    digest         text        not null,
    key            text,
    payload        event_payload not null,
    tenant         event_tenant,
    meta           event_meta,
    state          text        not null default 'running',
    outcome        text,
    round          integer     not null default 1,
    start_position bigint      not null,
    started_at     timestamptz not null default clock_timestamp(),
    started_by     name        not null default session_user,
    ended_at       timestamptz,
    result         jsonb,
    reason         text,
    paused_at      timestamptz,
    paused_by      name,
    pause_reason   text,

    constraint workflow_run_id_unique primary key (id),
    constraint workflow_run_is_pinned foreign key (name, version, digest)
        references workflow_definition (name, version, digest),
    constraint workflow_run_key_length check (octet_length(key) between 1 and 256),
    constraint workflow_run_state_known check (
        state in ('running', 'failed', 'compensating', 'done', 'compensated', 'cancelled'))
) with (fillfactor = 70);
create unique index workflow_run_by_key on workflow_run (name, key) where key is not null;
create index workflow_run_by_name on workflow_run (name, id);
create index workflow_run_by_state on workflow_run (state, id);
create index workflow_run_paused on workflow_run (id) where paused_at is not null;
create index workflow_run_ended on workflow_run (ended_at) where ended_at is not null;
-- What those that have not ended may still wait for.
create index workflow_run_open on workflow_run (start_position) where ended_at is null;

-- The steps of a run that have begun.
--   state   running, done, failed, cancelled, compensating, compensated.
--   place   in the order in which they were done.
--   due_at  when its sleep ends, or its deadline is; null once it has.
--   event, event_key, after_position  what it waits for; null once it came. is_new: nobody has
--           looked yet whether it came before. event_position: of the one that came.
create table workflow_run_step (
    run            bigint      not null,
    step           text        not null,
    round          integer     not null,
    state          text        not null default 'running',
    began_at       timestamptz not null default clock_timestamp(),
    ended_at       timestamptz,
    place          bigint,
    result         jsonb,
    error          text,
    due_at         timestamptz,
    event          text,
    event_key      text,
    after_position bigint,
    is_new         boolean     not null default false,
    event_position bigint,

    constraint workflow_run_step_unique primary key (run, step),
    constraint workflow_run_step_of_run
        foreign key (run) references workflow_run (id) on delete cascade,
    constraint workflow_run_step_state_known check (
        state in ('running', 'done', 'failed', 'cancelled', 'compensating', 'compensated'))
) with (fillfactor = 70);
create index workflow_run_step_due on workflow_run_step (due_at) where due_at is not null;
create index workflow_run_step_waiting on workflow_run_step (event, event_key)
    where event is not null;
create index workflow_run_step_new on workflow_run_step (run) where is_new;

-- The tasks of steps, and of what undoes them.
--   ordinal  among those of one step, from 0.
--   is_done  with this result: where the step has several tasks.
create table workflow_task (
    task    bigint  not null,
    run     bigint  not null,
    step    text    not null,
    round   integer not null,
    ordinal integer not null,
    is_undo boolean not null,
    is_done boolean not null default false,
    result  jsonb,

    constraint workflow_task_unique primary key (task)
) with (fillfactor = 70);
create index workflow_task_by_step on workflow_task (run, step);

-- Tasks of steps that ended without being done, or came back: what becomes of the run maintain()
-- says, so that whoever ends a task waits for no other one's.
--   trouble  why that could not be done when it was tried last.
create table workflow_note (
    id   bigint      not null generated always as identity,
    task bigint      not null,
    look_at timestamptz not null default '-infinity',
    trouble text,

    constraint workflow_note_unique primary key (id)
);
create index workflow_note_next on workflow_note (look_at, id);

-- The events of types that some definition waits for, as they are recorded.
--   is_new  nobody has looked yet who waits for it.
create table workflow_event (
    position    bigint      not null,
    type        text        not null,
    key         text        not null,
    payload     jsonb,
    is_new      boolean     not null default true,
    recorded_at timestamptz not null default clock_timestamp(),

    constraint workflow_event_unique primary key (position)
);
create index workflow_event_by_key on workflow_event (type, key, position);
create index workflow_event_new on workflow_event (position) where is_new;
