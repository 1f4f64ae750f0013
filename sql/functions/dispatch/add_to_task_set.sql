-- add_to_task_set: make further members of a task set that is not sealed yet.
--
-- Arguments   task_set: of open_task_set(). members: see there.
-- Returns     how many.
-- Raises      BT051 it is sealed, or has ended. BT042 there is no such set, or a member is not as
--             it must be. BT001, BT002 see enqueue(). BT006 the transaction's snapshot is fixed.
-- Locks       the set's row, until the transaction ends, against what seals or ends it.
-- Notifies    nodes that sleep.
-- Tables      task_set: lock. task_set_member, task, task_ready: see add_members().
-- Access: dispatch, node, orchestrate
create or replace function add_to_task_set(task_set bigint, members jsonb)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    perform require_read_committed('add_to_task_set');
    perform from task_set s where s.id = add_to_task_set.task_set for share;
    if (require_open_set(add_to_task_set.task_set)).is_sealed then
        raise exception 'task set % is sealed: it has all its members', add_to_task_set.task_set
            using errcode = 'BT051';
    end if;
    return add_members(add_to_task_set.task_set, add_to_task_set.members);
exception when unique_violation then
    -- Who adds at the same moment is not seen before, and not waited for.
    raise exception 'task set % has a member of one of these names, which another session added '
        'just now; nothing was added', add_to_task_set.task_set using errcode = 'BT042';
end;
$$;
