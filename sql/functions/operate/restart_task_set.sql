-- restart_task_set: another task set takes the place of one that is open: with its members, inputs
-- and policies, by the version that is live, from the end of the log. maintain() opens it.
--
-- Its tasks are cancelled by maintain(); what a node says of one until then is refused.
--
-- Arguments   task_set: of open_task_set(). reason: for people to read; what is over 1000
--             characters is cut.
-- Raises      BT051 it has ended. BT042 there is no such set. BT006 the transaction's snapshot is
--             fixed.
-- Locks       the set's row, until the transaction ends: a member that is being completed is
--             waited for.
-- Tables      task_set: see end_set_by_hand(). task_set_touch: see end_task_set().
-- Access: dispatch, orchestrate
create or replace function restart_task_set(task_set bigint, reason text default null)
returns void
language sql
volatile
security definer
set search_path from current
as $$
    select end_set_by_hand(restart_task_set.task_set, 'restart_task_set'::text, 'superseded'::text,
                           'restarted'::text, restart_task_set.reason);
$$;
