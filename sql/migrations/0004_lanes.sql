-- Lanes: what tasks of one handler have in common that must not be done all at once. And what few
-- tasks or handlers have, so that it costs the others nothing.

-- The tasks of lanes, from when they enter their lane until they leave it. The first tasks of a
-- lane are its heads, as many as the handler's lane_width; only they are elsewhere: ready, due or
-- claimed. Where one leaves, the next one becomes a head in the same transaction: leave_lanes().
-- What came meanwhile, and saw the lane full, left a word in lane_note: fill_lanes(). So there is
-- no count that could be wrong: the rows are the slots.
--   lane      lane_id() of the handler and the name that task.lane has.
--   is_head   if not, it waits here, and what was counted of it so far is kept here.
create table task_in_lane (
    task        bigint   not null,
    lane        bigint   not null,
    requirement integer  not null,
    attempts    smallint not null default 0,
    deliveries  smallint not null default 0,
    is_head     boolean  not null default false,

    constraint task_in_lane_unique primary key (task)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);
create index task_in_lane_waiting on task_in_lane (lane, task) where not is_head;
create index task_in_lane_heads on task_in_lane (lane) where is_head;

-- Lanes at which somebody has to look: a task has entered them, or one left and it was not certain
-- who is next. Inserted by whoever did that, deleted by fill_lanes().
create table lane_note (
    id      bigint not null generated always as identity,
    handler text   not null,
    lane    bigint not null,

    constraint lane_note_unique primary key (handler, id)
);

-- Whoever enqueues into a lane of width 1 locks its row here until the transaction ends: so what
-- has a lower id commits first. Cleared away by maintain() once nothing is in the lane.
create table lane_turn (
    lane bigint not null,

    constraint lane_turn_unique primary key (lane)
);

-- Tasks that a node may have for longer than their handler says: extend(). end_long_runs() looks
-- here, and nobody else; clear_recalls() deletes what is over.
create table task_extension (
    task   bigint      not null,
    claim  bigint      not null,
    ends_at timestamptz not null,

    constraint task_extension_unique primary key (task, claim)
);

-- How far a node says that it has come with a task, since noted_at. Unlogged: it is worth nothing
-- once the node is gone. clear_recalls() deletes what is over.
create unlogged table task_progress (
    task     bigint      not null,
    claim    bigint      not null,
    noted_at timestamptz not null default clock_timestamp(),
    progress event_meta  not null,

    constraint task_progress_task_unique primary key (task)
) with (fillfactor = 50);

-- Tasks that were cancelled, or taken away, while a node held them, for heartbeat() to tell it.
-- maintain() deletes each once the node must have heard of it. Nothing else looks here, so it costs
-- no claim anything.
create table task_recall (
    node        bigint      not null,
    task        bigint      not null,
    claim       bigint      not null,
    recalled_at timestamptz not null default clock_timestamp(),

    constraint task_recall_unique primary key (node, task, claim)
);

-- Tasks that are worth nothing after a time: expire_tasks() ends them then, if no node has them.
--   look_at  when it looks: at expires_at, and later where a node had it then.
create table task_expiry (
    task       bigint      not null,
    expires_at timestamptz not null,
    look_at    timestamptz not null,

    constraint task_expiry_unique primary key (task)
);
create index task_expiry_by_time on task_expiry (look_at);

-- What was taken lately of handlers that have a rate: how many tasks from began_at on, for a
-- fiftieth of rate_per. It is written down as they are claimed, and forgotten once it is too long
-- ago to matter.
create table handler_rate (
    handler  text        not null,
    began_at timestamptz not null,
    tasks    integer     not null,

    constraint handler_rate_unique primary key (handler, began_at)
) with (fillfactor = 50);

-- The lanes of a fair handler in which tasks wait; of others what is new is in lane_note.
--   turn  that with the lowest one was served longest ago, of those that have as much.
create table fair_lane (
    handler text   not null,
    lane    bigint not null,
    turn    bigint not null,

    constraint fair_lane_unique primary key (handler, lane)
);
create index fair_lane_by_turn on fair_lane (handler, turn);
create sequence fair_turn;

-- How much a lane of a fair handler gets, where that is not 1.
create table lane_weight (
    handler text    not null,
    name    text    not null,
    lane    bigint  not null,
    weight  integer not null,

    constraint lane_weight_unique primary key (lane),
    constraint lane_weight_positive check (weight > 0)
);
