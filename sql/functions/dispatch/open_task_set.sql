-- open_task_set: make tasks that belong together, inside the caller's transaction. One version of
-- the handler, or of each handler that a view set names, does all of them, from one position of the
-- log, and what comes of them appears at once.
--
-- The version that is live now does the set, in the build that is on record now, whatever is
-- promoted until it is done: a promotion waits for this transaction, or this call for that. The
-- position is the end of the log now; what members read of it, or of the views among inputs, is as
-- of there: read_set_log(), read_set_view().
--
-- Arguments
--   handler   its name, as for enqueue(); or that of a view set whose live version names handlers:
--             then these do it, in the versions that it names.
--   key       what the set is about: '2014'. 1 to 128 bytes. One set of a handler and key can be
--             open at a time.
--   members   {"2014-01": payload, ...}: a task for each; names of 1 to 128 bytes. In a set of a
--             view set {"2014-01": {"handler": "compute_month", "payload": payload}, ...}.
--   inputs    views whose rows, as of the position, are kept for the members. The session's login
--             must be allowed to read them.
--   seal      these are all members; else add_to_task_set() adds more, until seal_task_set().
--   on_promotion  what becomes of the set where another version is promoted meanwhile: 'finish': it
--             is finished by its own; 'restart': another set takes its place.
--   deadline  after that time at_deadline is done to it: 'abandon', or 'restart'. Null: none.
--   kept      how long its rows are kept once readers see those of a newer set.
--   labels    what a node must have beside the handler.
-- Returns   the set's id.
-- Raises    BT037 nobody registered the handler. BT052 a set of this handler and key is open. BT042
--           an argument is not as it must be. BT023 there is no such view, or its rows are not
--           those of one position. 42501 the login may not read it. BT001, BT002 see enqueue().
--           BT006 the transaction's snapshot is fixed.
-- Locks     the handler's row, or the view set's, until the transaction ends, against promotions.
-- Notifies  nodes that sleep.
-- Tables    task_set: read. What it makes: see open_set().
-- Access: dispatch, node, orchestrate
create or replace function open_task_set(
    handler      text,
    key          text,
    members      jsonb    default '{}',
    inputs       text[]   default '{}',
    seal         boolean  default true,
    on_promotion text     default 'finish',
    deadline     interval default null,
    at_deadline  text     default 'abandon',
    kept         interval default '30 days',
    labels       text[]   default '{}'
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    made   task_set;
    others bigint := (select s.id from task_set s
                       where s.handler = open_task_set.handler and s.key = open_task_set.key
                         and s.state = 'open');
begin
    perform require_read_committed('open_task_set');
    if octet_length(open_task_set.key) between 1 and 128 is not true
       or open_task_set.on_promotion in ('finish', 'restart') is not true
       or open_task_set.at_deadline in ('abandon', 'restart') is not true
       or open_task_set.deadline <= interval '0'
       or open_task_set.kept >= interval '0' is not true then
        raise exception 'a task set is not as it must be: a key of 1 to 128 bytes, on_promotion '
            'finish or restart, at_deadline abandon or restart, a deadline above 0, kept for 0 or '
            'more'
            using errcode = 'BT042';
    end if;
    if others is not null then
        raise exception 'task set % of handler % and key % is open: wait for it, restart or '
            'abandon it, or say by touch_task_set() that a next one has to follow',
            others, open_task_set.handler, open_task_set.key
            using errcode = 'BT052';
    end if;
    perform require_readable_views(open_task_set.inputs);

    made.handler := open_task_set.handler;
    made.key := open_task_set.key;
    made.inputs := coalesce(open_task_set.inputs, '{}');
    made.is_sealed := coalesce(open_task_set.seal, true);
    made.on_promotion := open_task_set.on_promotion;
    made.deadline_at := clock_timestamp() + open_task_set.deadline;
    made.at_deadline := open_task_set.at_deadline;
    made.kept := open_task_set.kept;
    return open_set(made, open_task_set.members, open_task_set.labels);
end;
$$;
