-- set_expiry: a task is worth nothing after a time. Internal: enqueue_apart(), update_task().
--
-- Arguments   task: which. expires_at: the time; null: what was said of it before stays.
-- Tables      task_expiry: insert, update.
create or replace function set_expiry(task bigint, expires_at timestamptz)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    if set_expiry.expires_at is null then
        return;
    end if;
    insert into task_expiry as x (task, expires_at, look_at)
    values (set_expiry.task, set_expiry.expires_at, set_expiry.expires_at)
    on conflict (task) do update
       set expires_at = excluded.expires_at, look_at = excluded.look_at;
end;
$$;
