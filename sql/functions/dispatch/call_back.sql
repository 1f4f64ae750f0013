-- call_back: what came of a task that an endpoint has taken over with an answer of 202.
--
-- All that it takes is the token of that one request, so it can be given to a role that may do
-- nothing else: docs/endpoints.md. The token is good for this one task and this one attempt, once.
-- Said again, nothing is changed, and the answer says so.
--
-- Arguments   token: what the request had in its header baton-callback-token. result: of a task
--             that is done; held to the limits of an event's payload. error: what went wrong, of
--             one that failed; what is over 16 KiB is cut. dead: then there are no more attempts.
-- Returns     'done'; or 'retry' or 'dead', as fail() does. 'done already' and so on where it was
--             called before; it is what was said then. 'early': a handler has just been started
--             with the task, and its node has not noted the answer yet. Nothing was changed: call
--             back again a second later.
-- Raises      BT039 nobody knows the token; it is too late; the task is awaited no more. Nothing
--             was changed. BT049 this is a copy that nobody adopted. BT006 the transaction's
--             snapshot is fixed. The result: as dispatch().
-- Locks       of a step of a workflow the run; the callback and the task, until the transaction
--             ends.
-- Tables      task_callback: read, update. task_due: see take_back(). task_end: insert. A failure:
--             see note_failure(). Lanes: see leave_lanes(). What waits for the task: see
--             free_children(). Workflows: see advance_steps().
-- Access: dispatch, node
create or replace function call_back(
    token text, result jsonb default '{}', error text default null, dead boolean default false)
returns text
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    asked   constant bigint := pg_catalog.substring(call_back.token,
                                                    '^([0-9]{1,18})[.][0-9a-f]{64}$')::bigint;
    awaited task_callback;
    came    text := 'done';
begin
    perform require_read_committed('call_back');
    perform require_adopted();
    if pg_catalog.pg_sequence_last_value('workflow_bell') is not null then
        perform lock_runs(array[asked::text || '.0']);
    end if;
    select c.* into awaited
      from task_callback c
     where c.task = asked
       and c.digest = pg_catalog.sha256(pg_catalog.convert_to(call_back.token, 'UTF8'))
       for update;
    if awaited.task is null
       and exists (select from task_standings(array[asked]) as s
                    where s.state = 'claimed' and s.started)
    then
        return 'early';
    end if;
    perform require_awaited(awaited);
    if awaited.outcome is not null then
        return awaited.outcome || ' already';
    end if;
    if not take_back(awaited) then
        perform refuse_callback(pg_catalog.format(
            'task %s is awaited no more: it is %s', asked,
            (select s.state from task_standings(array[asked]) as s)));
    end if;
    if call_back.error is not null or call_back.dead then
        came := note_failure(asked, awaited.claim, awaited.node, awaited.claimed_at,
                             awaited.attempts, awaited.deliveries + 1, 'failed', call_back.error,
                             null, coalesce(call_back.dead, false));
    else
        insert into task_end (task, claim, node, outcome, attempts, claimed_at, result)
        values (asked, awaited.claim, awaited.node, 'done', awaited.attempts + 1,
                awaited.claimed_at, coalesce(call_back.result, '{}'));
        perform leave_lanes(array[asked], false);
        if pg_catalog.pg_sequence_last_value('task_parents') is not null then
            perform free_children(array[asked], 100);
        end if;
        if pg_catalog.pg_sequence_last_value('workflow_bell') is not null then
            perform advance_steps(array[asked]);
        end if;
    end if;
    update task_callback c
       set outcome = came, over_at = clock_timestamp()
     where c.task = awaited.task and c.claim = awaited.claim;
    return came;
end;
$$;
