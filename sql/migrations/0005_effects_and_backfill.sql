-- Effects: what a reducer lets follow from an event, beside the rows of its view.

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
