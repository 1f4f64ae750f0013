-- enqueue: make a task for a handler, inside the caller's transaction.
--
-- The task and the caller's own writes commit together or not at all. Every name in here is
-- qualified, operators too, instead of a pinned search_path, as in dispatch().
--
-- Arguments
--   handler   its name. Some process must have registered it; the task is for the version that is
--             live now.
--   payload   JSON, held to the limits of an event's payload.
--   run_at    not before that; null: at once.
--   priority  -1000 to 1000; higher goes first.
--   labels    what a node must have beside the handler: 'gpu'.
--   tenant    whose it is.
--   meta      about the task, not of it: correlation, causation, user.
--   schema_version  which shape of the payload this is, as an event has one: 1 to 32767.
--   unique_key   of a handler only one task has it at a time, from being made to its end. 1 to 512
--             bytes.
--   on_conflict  what becomes of a call while a task has the key. 'skip': none is made. 'replace':
--             that task ends as replaced, and this one is made; where a node has it, this one waits
--             until it has ended.
--   lane      1 to 512 bytes. Of the tasks of one lane of the handler so many are done at a time as
--             set_lanes() says, one, unless it was told otherwise: and then in the order of their
--             ids, which is that in which their transactions commit.
--   longest_wait  with 'replace' and a run_at: not later than so long after the first of the tasks
--             was made that have replaced each other. So with run_at a little later each call puts
--             the work off until there is peace, but not for ever.
--   after     a task that has to end before this one is ready. when_failed: what becomes of this
--             one where that is not done, but dead, cancelled or replaced. 'cancel': it ends as
--             cancelled. 'run': it is done nevertheless. 'hold': it waits until that is retried,
--             and done.
--   every     with a unique key: its tasks begin so far from each other at least, 1 ms to 30 days.
--             Who comes sooner is skipped (and gets the last one's id), or, with 'replace', is put
--             off until then, and is one with all others that come meanwhile.
--   expires_at  it is worth nothing after that: it ends as cancelled, if no node has it by then.
-- Returns   the task's id; of the one that there is, where none was made.
-- Raises    BT037 nobody registered the handler. BT048 too many tasks of it wait: see
--           limit_waiting(). BT042 a label, priority, schema version, unique key, lane, when_failed
--           or every is not as it must be, or there is no task `after`. BT050 that is forgotten.
--           BT006 with a unique key: the transaction's snapshot
--           is fixed. BT001, BT002 a field that is none, or too large, as dispatch() says.
-- Locks     the unique key and the lane, until the transaction ends: others that make tasks with
--           them wait.
-- Notifies  a node, if one sleeps.
-- Tables    task, task_ready: insert. handler: read. task_due, task_key: see enqueue_apart().
-- Access: dispatch, node, orchestrate
create or replace function enqueue(
    handler  text,
    payload  jsonb       default '{}',
    run_at   timestamptz default null,
    priority integer     default 0,
    labels   text[]      default '{}',
    tenant   text        default null,
    meta     jsonb       default null,
    schema_version integer default 1,
    unique_key  text    default null,
    on_conflict text    default 'skip',
    lane        text    default null,
    longest_wait interval default null,
    after       bigint  default null,
    when_failed text    default 'cancel',
    every       interval default null,
    expires_at  timestamptz default null
)
returns bigint
language plpgsql
volatile
security definer
as $$
#variable_conflict use_column
declare
    new_task bigint;
begin
    if enqueue.run_at is not null or enqueue.priority operator(pg_catalog.<>) 0
       or enqueue.labels operator(pg_catalog.<>) '{}'
       or (enqueue.schema_version operator(pg_catalog.=) 1) is not true
       or enqueue.unique_key is not null or enqueue.lane is not null
       or enqueue.after is not null or enqueue.every is not null or enqueue.expires_at is not null
    then
        return :"schema".enqueue_apart(
            enqueue.handler, enqueue.payload, null, null, enqueue.run_at, enqueue.priority,
            enqueue.labels, enqueue.tenant, enqueue.meta, enqueue.schema_version,
            enqueue.unique_key, enqueue.on_conflict, enqueue.lane, enqueue.longest_wait,
            enqueue.after, enqueue.when_failed, enqueue.every, enqueue.expires_at);
    end if;

    with added as (
        insert into :"schema".task (requirement, payload, tenant, meta)
        select h.requirement, enqueue.payload, enqueue.tenant, enqueue.meta
          from :"schema".handler h
         where h.name operator(pg_catalog.=) enqueue.handler and not h.is_full
           and not h.is_fair
        returning id, requirement
    )
    insert into :"schema".task_ready (requirement, rank, place, task)
    select a.requirement, 1, a.id, a.id from added a
    returning task into new_task;
    if new_task is null then
        -- It has a lane without having named one, or is refused.
        return :"schema".enqueue_apart(
            enqueue.handler, enqueue.payload, null, null, null, 0, null, enqueue.tenant,
            enqueue.meta, 1, null, null, null, null, null, 'cancel', null, null);
    end if;
    if pg_catalog.pg_sequence_last_value(':"schema".task_doorbell') is not null then
        perform :"schema".ring_nodes(h.requirement, 1)
           from :"schema".handler h
          where h.name operator(pg_catalog.=) enqueue.handler;
    end if;
    return new_task;
end;
$$;
