-- cancel: a task is not to be done any more. It ends as cancelled at once, also while a node has
-- it: that hears of it with its next heartbeat(), and what it then says of the task is refused.
--
-- Between this and a completion the transaction that commits first decides. What a handler does
-- outside of the database until it hears of it is done; its writes here are not, if it completes
-- the task in their transaction.
--
-- Whoever enqueues may cancel, whoever made the task. A node may not: about what it does not hold
-- it decides nothing.
--
-- A dead task for which its lane stands still is cancelled, too: then the lane goes on.
--
-- Arguments   task: of enqueue(). reason: for people to read; what is over 1000 characters is cut.
-- Returns     how the task has ended: 'cancelled', by this call or one before; 'done', 'dead' or
--             'replaced', if it had ended so before: then nothing was changed.
-- Raises      BT042 there is no such task. BT006 the transaction's snapshot is fixed.
-- Locks       see pull_task(). A node that completes a task of the same claim waits until the
--             transaction ends.
-- Tables      task_end, task_recall, statistic_end: insert. task_in_lane: read. The task's place:
--             see pull_task(); its lane: leave_lanes().
-- Cost        see task_standings().
-- Access: dispatch, orchestrate
create or replace function cancel(task bigint, reason text default null)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former record;
begin
    perform require_read_committed('cancel');
    select p.* into strict former
      from pull_task(cancel.task, array['waiting', 'due', 'following', 'claimed']
                                  || case when exists (select from task_in_lane l
                                                        where l.task = cancel.task and l.is_head)
                                          then array['dead'] end) as p;
    if not former.is_pulled then
        return former.state;
    end if;
    insert into task_end (task, claim, node, outcome, attempts, claimed_at, reason)
    values (cancel.task, former.claim, former.node, 'cancelled', former.attempts,
            former.claimed_at,
            'cancelled by ' || session_user::text
            || coalesce(': ' || pg_catalog.left(cancel.reason, 1000), ''));
    insert into statistic_end (task) values (cancel.task);
    if former.state = 'claimed' then
        insert into task_recall (node, task, claim)
        values (former.node, cancel.task, former.claim);
    end if;
    perform note_step(cancel.task);
    perform leave_lanes(array[cancel.task], false);
    return 'cancelled';
end;
$$;
