-- Tasks and nodes: what a handler has to do, and who carries handlers.
--
-- A task is written once, and only update_task() changes it. What changes is where it stands, and
-- each place is a table of its own: it waits in task_ready or task_due, is held by a row of
-- task_claim, and ends in task_end. So a claim deletes narrow rows and adds one for the whole of
-- what it takes, whatever the payloads are; docs/benchmarks.md has what the other designs cost.

-- Every handler that was registered here, and how its tasks are treated.
--   requirement     what a new task of it needs, where it asks for no labels; of live_version.
--   max_attempts    how often a handler may start with a task until it is dead.
--   max_deliveries  how often a task may be handed out until it is dead: it may kill the process
--                   before that can say that it started.
--   retry_after     the pause after the first failure; each further one is twice as long, up to
--   retry_longest.
--   run_at_most     how long a node may have a task of it until that is taken away; null: as long
--                   as the node lives.
--   paused_at       since when claims give nothing of it; null: they do. paused_by: who said so.
--   running_max     how many tasks of it nodes may hold at a time; null: as many as they like.
--   rate_max        how many of it nodes may take in rate_per; null: as many as they like.
--   is_fair         its lanes have no width, but share what nodes have: see share_lanes().
--   waiting_max     how many tasks of it may wait until enqueue() refuses more; null: any number.
--   is_full         it does so. full_after: before a task with a higher id is made it need not be
--                   counted how many wait: see note_full().
--   lane_width      how many tasks of one of its lanes may be at its head at a time: task_in_lane.
--   lane_when_dead  what becomes of a lane of width 1 whose head is dead: hold, it stands still; or
--                   pass, the next one is its head.
create table handler (
    name           text     not null,
    live_version   integer  not null,
    requirement    integer  not null,
    max_attempts   smallint not null default 10,
    max_deliveries smallint not null default 20,
    retry_after    interval not null default '1 second',
    retry_longest  interval not null default '1 hour',
    paused_at      timestamptz,
    paused_by      name,
    pause_reason   text,
    run_at_most    interval,
    running_max    integer,
    rate_max       integer,
    rate_per       interval,
    is_fair        boolean  not null default false,
    waiting_max    integer,
    is_full        boolean  not null default false,
    full_after     bigint   not null default 0,
    lane_width     integer  not null default 1,
    lane_when_dead text     not null default 'hold',

    constraint handler_name_unique primary key (name),
    constraint handler_name_length check (octet_length(name) between 1 and 128),
    constraint handler_run_at_most_positive check (run_at_most > '0'),
    constraint handler_max_attempts_positive check (max_attempts > 0),
    constraint handler_max_deliveries_positive check (max_deliveries > 0),
    constraint handler_running_max_positive check (running_max > 0),
    constraint handler_rate_whole check (rate_max > 0 and rate_per > '0' or rate_max is null),
    constraint handler_waiting_max_positive check (waiting_max > 0),
    constraint handler_lane_width_positive check (lane_width > 0),
    constraint handler_lane_when_dead_known check (lane_when_dead in ('hold', 'pass'))
);

-- Every (handler, version), with the build it was first seen with.
--   accepts_from  the versions whose tasks it says that it can do, beside its own.
--   runs_as       the version that does the tasks which were made for this one: stamp_tasks().
--   live_since    when it last became live. live_until: when it last ceased to be; null while it
--                 is, and where it never was.
create table handler_version (
    handler       text        not null,
    version       integer     not null,
    build         text        not null,
    registered_at timestamptz not null default clock_timestamp(),
    accepts_from  integer[]   not null default '{}',
    runs_as       integer     not null,
    live_since    timestamptz,
    live_until    timestamptz,

    constraint handler_version_unique primary key (handler, version),
    constraint handler_version_positive check (version > 0),
    constraint handler_version_build_length check (octet_length(build) between 1 and 200),
    constraint handler_version_runs_as_registered
        foreign key (handler, runs_as) references handler_version (handler, version)
);
create index handler_version_by_runs_as on handler_version (handler, runs_as);

-- The event types whose events become tasks of a handler version while that is live.
--   after_position  events up to there do not: the end of the log when the handler first named the
--                   type, in whatever version.
--   lane_by_key     the task's lane is the event's key.
create table handler_event (
    handler        text    not null,
    version        integer not null,
    type           text    not null,
    after_position bigint  not null,
    lane_by_key    boolean not null default false,

    constraint handler_event_unique primary key (handler, version, type),
    constraint handler_event_version_registered
        foreign key (handler, version) references handler_version (handler, version)
);

-- What a node must have for a task: a version of a handler, in the build that is on record of it,
-- and labels. Tasks name it by its number, so that what others need costs a claim nothing.
--   build  null: whatever does what was made for the version, see stamp_tasks(). Else the task is
--          pinned: this version in this build does it, and no other ever.
create table requirement (
    id      integer not null generated always as identity,
    handler text    not null,
    version integer not null,
    labels  text[]  not null default '{}',
    build   text,

    constraint requirement_id_unique primary key (id),
    constraint requirement_unique unique nulls not distinct (handler, version, labels, build),
    constraint requirement_pin_unique unique (id, handler, version, build),
    constraint requirement_version_registered
        foreign key (handler, version) references handler_version (handler, version)
);

-- The nodes that are here, or were and still hold tasks. One row for each start of a process: a
-- process that starts again is another one, whatever it is called.
--   session_hash  sha256 of what the node shows at each call.
--   lease         how long it is believed without a sign of life, by the clock of this server.
--   ended_at      it left, its lease ran out, or its machine was revoked: it can do nothing more.
create table node (
    id            bigint      not null generated always as identity,
    session_hash  bytea       not null,
    name          text        not null,
    machine_id    text        not null,
    login         name        not null default session_user,
    labels        text[]      not null default '{}',
    lease         interval    not null,
    registered_at timestamptz not null default clock_timestamp(),
    alive_at      timestamptz not null default clock_timestamp(),
    ended_at      timestamptz,
    paused_at     timestamptz,
    paused_by     name,
    pause_reason  text,

    constraint node_id_unique primary key (id),
    constraint node_name_length check (octet_length(name) <= 200)
) with (fillfactor = 50);

create table node_handler (
    node    bigint  not null,
    handler text    not null,
    version integer not null,
    build   text    not null,

    constraint node_handler_unique primary key (node, handler, version),
    constraint node_handler_node_registered
        foreign key (node) references node (id) on delete cascade
);

-- Which nodes sleep until there is a task of a handler: see await_tasks(). Of no worth after a
-- crash of the server: nodes say it again.
create unlogged table node_asleep (
    handler text   not null,
    node    bigint not null,

    constraint node_asleep_unique primary key (handler, node),
    constraint node_asleep_node_registered
        foreign key (node) references node (id) on delete cascade
);
-- 1 while some node sleeps, else null: what every enqueue() reads, as dispatch() reads `doorbell`.
create sequence task_doorbell minvalue 1 cache 1;

-- One task: work for one handler. Rows are inserted and never changed, but by update_task().
--   xid       the transaction that made it. FIRST column: its default is evaluated before that of
--             id, and maintain() relies on "xid taken, then id drawn".
--   event_id  of the event that it follows from, and that gave it its payload; null for none.
--   priority  higher goes first.
--   payload   JSON; a task of bytes has '{}' here, and body and content_type. They are held to the
--             limits of events, because a task can have what an event had.
--   meta      about the task, not of it: correlation, causation, user.
--   schema_version  which shape of the payload this is; an event's, where it follows from one.
--   unique_key  see task_key. lane: see task_in_lane.
create table task (
    xid          xid8        not null default pg_current_xact_id(),
    id           bigint      not null generated always as identity,
    requirement  integer     not null,
    event_id     bigint,
    priority     smallint    not null default 0,
    enqueued_at  timestamptz not null default statement_timestamp(),
    tenant       event_tenant,
    payload      event_payload default '{}',
    body         event_body,
    content_type event_content_type,
    meta         event_meta,
    schema_version smallint not null default 1,
    unique_key   text,
    lane         text,

    constraint task_schema_version_positive check (schema_version > 0),
    constraint task_id_unique primary key (id)
) partition by range (id);
create table task_from_1 partition of task for values from (1) to (10000001);
-- Of what no other partition takes: because more were made than there was room for ahead, or
-- because they outlived their partition.
create table task_default partition of task default;

-- The partitions of task, each of which task_end has, too; those that were dropped stay on record,
-- so that it can be told what became of a task.
--   not_before  until then it is kept: the newest that ended in it is not old enough.
--   kept_by     a task for which it was kept when drop_task_partition() last looked.
--   failures    whether task_failure may still have rows of its tasks.
create table task_partition (
    first_id   bigint      not null,
    upper_id   bigint      not null,
    added_at   timestamptz not null default clock_timestamp(),
    not_before timestamptz not null default '-infinity',
    kept_by    bigint,
    dropped_at timestamptz,
    failures   boolean     not null default true,

    constraint task_partition_first_id_unique primary key (first_id),
    constraint task_partition_ids_ascend check (upper_id > first_id)
);
insert into task_partition (first_id, upper_id) values (1, 10000001);

-- The tasks that wait for a node. Narrow, because each is inserted and deleted once for each time
-- that it is handed out.
--   rank   what goes first, lowest first: see ready_rank().
--   place  among those of one rank. The task's id, where it was never handed out; where it comes
--          back, a number drawn anew.
--   in_lane  it is at the head of a lane: see task_in_lane. (The row has room for it anyway.)
create table task_ready (
    requirement integer  not null,
    rank        integer  not null,
    place       bigint   not null,
    task        bigint   not null,
    attempts    smallint not null default 0,
    deliveries  smallint not null default 0,
    in_lane     boolean  not null default false,

    constraint task_ready_unique primary key (requirement, rank, place)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);
-- Where a task that came back is: of one that was never handed out the place says that. Those
-- alone, so that what is made new is in no second index.
create unique index task_ready_returned on task_ready (task) where rank % 2 = 0;
create sequence task_place;

-- Where a claim begins to look, so that it does not pass by rows that are deleted and that an old
-- snapshot keeps: of each (requirement, rank) the newest row counts. Rows are added, by whoever has
-- come further, and the old ones deleted: one that is updated would get a version each time, which
-- that snapshot keeps as well. There is one for each (requirement, rank) that a task ever had.
--   place    up to there everything is taken, but for what was committed late, or came back because
--            who took it did not commit. maintain() finds that, and adds a row that is lower.
--   base     up to there nothing can come any more.
--   settled  a place that was drawn a pass of maintain() ago: what is beyond may be on its way to
--            a commit just now, so claims do not move the place further.
--   is_aged  its first task waits for so long that some claims begin with it: see take_tasks().
create table task_floor (
    requirement integer not null,
    rank        integer not null,
    id          bigint  not null generated always as identity,
    place       bigint  not null default 0,
    base        bigint  not null default 0,
    settled     bigint  not null default 0,
    is_aged     boolean not null default false
);
create unique index task_floor_newest on task_floor (requirement, rank, id desc);

-- Which task of a handler has a unique key. That it has ended frees the key: the row stays as it
-- is, so that an end costs nothing more, until another task takes the key, or clear_keys() comes.
--   task  the one that has it; null within the transaction that is making it.
--   next  the one that follows it.
--   since  when the first of those was made that gave their place to one another, up to the newest.
--   free_at  before that none may begin after the newest: enqueue(every => ...). former_free_at:
--          the same of one that takes the newest one's place. Null: at any time.
create table task_key (
    handler text   not null,
    key     text   not null,
    task    bigint,
    next    bigint,
    since   timestamptz,
    free_at timestamptz,
    former_free_at timestamptz,

    constraint task_key_unique primary key (handler, key)
);
create index task_key_by_task on task_key (task);

-- The tasks that wait for a time: to run at, or to be tried again. maintain() makes them ready.
--   follows  the task that has to end before: it has the same unique key, and was claimed when this
--            one was made.
--   after  the task that has to end before: enqueue(after => ...). Then due_at is infinity, so that
--            nobody looks at the row meanwhile, and not_before is when it may run.
--   when_failed  what becomes of it where that is not done, but dead, cancelled or replaced:
--            cancel, it ends as cancelled; run; or hold, until that is retried, and done.
create table task_due (
    due_at     timestamptz not null,
    task       bigint      not null,
    attempts   smallint    not null default 0,
    deliveries smallint    not null default 0,
    follows    bigint,
    after      bigint,
    when_failed text,
    not_before timestamptz,

    constraint task_due_unique primary key (due_at, task)
);
create unique index task_due_by_task on task_due (task);
create index task_due_following on task_due (task) where follows is not null;
create index task_due_after on task_due (after, task) where after is not null;
-- 1 while some task, or somebody (task_watch), waits for another task, else null: what every
-- completion reads, as enqueue() reads task_doorbell.
create sequence task_parents minvalue 1 cache 1;

-- What one claim took. It ends when each of its tasks ended or came back.
--   attempts, deliveries  before this claim, one for each task.
--   started   the tasks that a handler started with.
--   returned  the tasks that are this claim's no more: they failed, were handed back, or cancelled.
--   in_lanes  some of the tasks are in lanes.
create table task_claim (
    id         bigint      not null generated always as identity,
    node       bigint      not null,
    handler    text        not null,
    claimed_at timestamptz not null default clock_timestamp(),
    tasks      bigint[]    not null,
    attempts   smallint[]  not null,
    deliveries smallint[]  not null,
    started    bigint[]    not null default '{}',
    returned   bigint[]    not null default '{}',
    in_lanes   boolean     not null default false,

    constraint task_claim_id_unique primary key (id)
) with (fillfactor = 70);
create index task_claim_by_node on task_claim (node, handler);

-- How each task ended, once: where it is retried, the row goes, and the task with it to task_ready.
--   outcome  done, dead (it failed for the last time), cancelled, replaced (by one of its key).
--   claim, node, claimed_at  under which it ended; null where nobody had it.
--   reason   who cancelled it, and why; that it was replaced.
--            Not null, because one null makes each row 8 bytes longer.
create table task_end (
    task       bigint      not null,
    claim      bigint,
    node       bigint,
    outcome    text        not null,
    attempts   smallint    not null,
    claimed_at timestamptz,
    ended_at   timestamptz not null default clock_timestamp(),
    result     event_payload default '{}',
    reason     text        not null default '',

    constraint task_end_unique primary key (task),
    constraint task_end_outcome_known check (outcome in ('done', 'dead', 'cancelled', 'replaced')),
    constraint task_end_under_a_claim
        check (claim is not null or outcome in ('cancelled', 'replaced'))
) partition by range (task);
create table task_end_from_1 partition of task_end for values from (1) to (10000001);
create table task_end_default partition of task_end default;
-- What somebody may want to look at, or try again, among very many that are done.
create index task_end_not_done on task_end (outcome, task) where outcome <> 'done';

-- The attempts that failed.
--   attempt  which, from 1; the same number again for a delivery that no handler started with, and
--            from 1 again after retry_task().
--   outcome  failed: the handler said so. lost: the node went away after it had started.
create table task_failure (
    task      bigint      not null,
    claim     bigint      not null,
    node      bigint      not null,
    attempt   smallint    not null,
    outcome   text        not null,
    failed_at timestamptz not null default clock_timestamp(),
    error     text        not null,

    constraint task_failure_unique primary key (task, claim),
    constraint task_failure_outcome_known check (outcome in ('failed', 'lost'))
);

-- When maintain() last did its work; one row.
--   is_behind  that pass left some: the next one need not wait.
--   key_task   of the last key at which clear_keys() looked. turn_lane: likewise, clear_turns().
--   after_task  of the last task for which others wait, at which maintain_children() looked.
--   history_at  when forget_history() last did. swept_task: the highest that sweep_tasks() deleted.
--   drawn_task, drawn_place  the newest place then, of tasks that were never handed out, and of
--                            those that come back.
--   ending_task, ending_place, ended_before  the same of an earlier pass, and a transaction that
--             began after it: once all before that have ended, nobody can come with such a place.
create table maintenance (
    only_row      boolean     not null default true,
    passed_at     timestamptz not null default '-infinity',
    is_behind     boolean     not null default false,
    key_task      bigint      not null default 0,
    after_task    bigint      not null default 0,
    turn_lane     bigint      not null default -9223372036854775808,
    history_at    timestamptz not null default '-infinity',
    swept_task    bigint      not null default 0,
    drawn_task    bigint      not null default 0,
    drawn_place   bigint      not null default 0,
    ending_task   bigint      not null default 0,
    ending_place  bigint      not null default 0,
    ended_before  xid8        not null default '0',

    constraint maintenance_single_row primary key (only_row),
    constraint maintenance_only_row_true check (only_row)
) with (fillfactor = 50);
insert into maintenance default values;
insert into turn values ('maintenance');
