-- put_task: a task that pull_task() has taken from its place is back, or at another one, if its
-- time says so. Internal: update_task().
--
-- Arguments   task: which. state, ready, due, attempts, deliveries: of pull_task(). run_at: when it
--             is to be ready; null: as it was. moved: its priority or its labels have changed.
-- Tables      task_ready, task_due: insert. Its lane: see enter_lanes(), leave_lanes().
create or replace function put_task(
    task bigint, state text, ready task_ready, due task_due, attempts integer,
    deliveries integer, run_at timestamptz, moved boolean)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    is_later constant boolean := coalesce(put_task.run_at > clock_timestamp(), false);
begin
    if (put_task.due).after is not null then
        put_task.due.not_before := coalesce(put_task.run_at, put_task.due.not_before);
        insert into task_due select put_task.due.*;
    elsif (put_task.due).follows is not null
       or (put_task.state = 'due' and (is_later or put_task.run_at is null))
    then
        put_task.due.due_at := coalesce(put_task.run_at, put_task.due.due_at);
        insert into task_due select put_task.due.*;
    elsif is_later then
        insert into task_due (due_at, task, attempts, deliveries)
        values (put_task.run_at, put_task.task, put_task.attempts, put_task.deliveries);
        perform leave_lanes(array[put_task.task], true) where put_task.state = 'waiting';
    elsif put_task.state = 'waiting' and not put_task.moved then
        -- Each look at the place sees this row or the former one, so no floor goes beyond it.
        insert into task_ready select put_task.ready.*;
    else
        perform bring_back(array[put_task.task], array[put_task.attempts],
                           array[put_task.deliveries]);
    end if;
end;
$$;
