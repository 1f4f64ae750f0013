-- seal_task_set: a task set has all its members. It is published once all of them are done: in this
-- transaction, where they are.
--
-- Arguments   task_set: of open_task_set().
-- Raises      BT051 it has ended. BT042 there is no such set, or it has no members. BT006 the
--             transaction's snapshot is fixed.
-- Locks       the set's row, until the transaction ends.
-- Tables      task_set: update. task_set_member: read. See publish_task_set().
-- Access: dispatch, node, orchestrate
create or replace function seal_task_set(task_set bigint)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    perform require_read_committed('seal_task_set');
    perform from task_set s where s.id = seal_task_set.task_set for no key update;
    perform require_open_set(seal_task_set.task_set);
    if not exists (select from task_set_member m where m.task_set = seal_task_set.task_set) then
        raise exception 'task set % has no members: add some, or abandon it', seal_task_set.task_set
            using errcode = 'BT042';
    end if;
    update task_set s set is_sealed = true where s.id = seal_task_set.task_set;
    perform publish_if_done(seal_task_set.task_set);
end;
$$;
