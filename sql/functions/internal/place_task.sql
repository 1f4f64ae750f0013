-- place_task: a task that was made just now waits: for a node, for a time, for another one, or in
-- its lane. Internal: enqueue_apart().
--
-- Arguments   task, needs, priority: which. run_at, after, when_failed: see enqueue(). follows: of
--             settle_key(). comes_back: it has a lane, or goes before those of its priority.
-- Raises      BT042, BT050 there is no task `after` (any more).
-- Notifies    a node that sleeps, where it is ready.
-- Tables      task_ready, task_due: insert. task, task_end: read. The lane: see bring_back(). What
--             it waits for: see free_children().
create or replace function place_task(
    task bigint, needs integer, priority integer, run_at timestamptz, follows bigint,
    comes_back boolean, after bigint, when_failed text)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    if place_task.after is not null then
        if not exists (select from task t where t.id = place_task.after)
           or place_task.after = place_task.task
        then
            perform missing_task(place_task.after);
        end if;
        -- Before the row is there, so that no completion that sees it passes it by; once, since
        -- each call would be a write of its own.
        if pg_catalog.pg_sequence_last_value('task_parents') is null then
            perform pg_catalog.setval('task_parents', 1, true);
        end if;
        insert into task_due (due_at, task, follows, after, when_failed, not_before)
        values ('infinity', place_task.task, place_task.follows, place_task.after,
                place_task.when_failed, place_task.run_at);
        if exists (select from task_end e where e.task = place_task.after) then
            perform free_children(array[place_task.after], 1000);
        end if;
    elsif place_task.run_at > clock_timestamp() or place_task.follows is not null then
        insert into task_due (due_at, task, follows)
        values (coalesce(place_task.run_at, clock_timestamp()), place_task.task,
                place_task.follows);
    elsif place_task.comes_back then
        perform bring_back(array[place_task.task], null, null);
    else
        insert into task_ready (requirement, rank, place, task)
        values (place_task.needs, ready_rank(place_task.priority, false), place_task.task,
                place_task.task);
        if pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
            perform ring_nodes(place_task.needs, 1);
        end if;
    end if;
end;
$$;
