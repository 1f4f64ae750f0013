-- end_set_by_hand: somebody ends a task set that is open. Internal: abandon_task_set(),
-- restart_task_set().
--
-- Arguments   task_set, reason: see there. caller: the function's name. state: see end_task_set().
--             verb: what was done to it, as people read it.
-- Raises      see there.
-- Locks       see there.
-- Tables      task_set: lock. task_set_touch: see end_task_set().
create or replace function end_set_by_hand(
    task_set bigint, caller text, state text, verb text, reason text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    perform require_read_committed(end_set_by_hand.caller);
    perform from task_set s where s.id = end_set_by_hand.task_set for no key update;
    perform require_open_set(end_set_by_hand.task_set);
    perform end_task_set(end_set_by_hand.task_set, end_set_by_hand.state,
                         end_set_by_hand.verb || ' by ' || session_user::text
                         || coalesce(': ' || pg_catalog.left(end_set_by_hand.reason, 1000), ''));
end;
$$;
