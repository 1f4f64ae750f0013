-- Effects: what a reducer lets follow from an event, beside the rows of its view. And the events
-- from before a handler's subscription that become tasks of it.

-- One effect, as a reducer says it: which of task, event, open_task_set and touch_task_set is set
-- says what it is. The columns that the function of a SQL reducer may return have these names.
--   cause     the position of the event that it follows from. event_id: that event. ordinal: which
--             of this reducer's effects of this event.
--   task      the handler. event: the type. open_task_set, touch_task_set: the handler of the set.
--   key       of the event, or of the set.
--   the rest  as in enqueue(), dispatch() and open_task_set().
create type effect as (
    cause          bigint,
    event_id       bigint,
    ordinal        integer,
    task           text,
    event          text,
    open_task_set  text,
    touch_task_set text,
    key            text,
    payload        jsonb,
    tenant         text,
    meta           jsonb,
    schema_version integer,
    run_at         timestamptz,
    priority       integer,
    labels         text[],
    unique_key     text,
    on_conflict    text,
    longest_wait   interval,
    lane           text,
    after          bigint,
    when_failed    text,
    every          interval,
    expires_at     timestamptz,
    members        jsonb,
    inputs         text[],
    seal           boolean,
    on_promotion   text,
    deadline       interval,
    at_deadline    text,
    kept           interval
);

-- The events that effects dispatched. An effect is told by the reducer, the event that it follows
-- from, and its number among those: so the same one is there once, however often it is written.
--   depth     how many events beget each other up to it: 1 where the cause was dispatched by an
--             application.
create table derived_event (
    view     text     not null,
    cause_id bigint   not null,
    ordinal  integer  not null,
    event_id bigint   not null,
    depth    smallint not null,

    constraint derived_event_unique primary key (view, cause_id, ordinal),
    constraint derived_event_id_unique unique (event_id),
    constraint derived_event_depth_positive check (depth > 0)
);

-- Events from before a handler's subscription that are to become tasks of it, too: those of a type
-- at first_position to last_position. Rows of one handler and type never overlap, nor do they reach
-- what its subscription has: see add_backfill().
--   done_to    those up to there have been looked at.
--   looked_at  when a page was made last.
create table subscription_backfill (
    handler        text        not null,
    type           text        not null,
    first_position bigint      not null,
    last_position  bigint      not null,
    done_to        bigint      not null,
    asked_at       timestamptz not null default clock_timestamp(),
    asked_by       name        not null default session_user,
    looked_at      timestamptz not null default '-infinity',

    constraint subscription_backfill_unique primary key (handler, type, first_position),
    constraint subscription_backfill_handler_registered
        foreign key (handler) references handler (name) deferrable initially deferred,
    constraint subscription_backfill_positions_ascend
        check (first_position <= last_position
               and done_to between first_position - 1 and last_position)
);
create index subscription_backfill_left on subscription_backfill (handler)
    where done_to < last_position;
