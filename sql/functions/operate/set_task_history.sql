-- set_task_history: for how long at least a task is known that has ended; forget_history().
--
-- Arguments   keep: from its end on; null: for ever.
-- Raises      BT025 that is no time. BT009 see require_rows().
-- Tables      event_limit, task_partition: update.
create or replace function set_task_history(keep interval)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform require_rows();
    if set_task_history.keep <= interval '0' then
        raise exception 'limit task_history cannot be %; give a time above 0, or null for ever',
            set_task_history.keep
            using errcode = 'BT025';
    end if;
    update event_limit set task_history = set_task_history.keep where only_row;
    -- What was found to be too young may be old enough now.
    update task_partition set not_before = '-infinity' where dropped_at is null;
end;
$$;
