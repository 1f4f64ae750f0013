-- drop_task_partition: drop the oldest partition of task and task_end of which everything has ended
-- long enough ago. Internal: forget_history().
--
-- Few that wait (for a time in a year, or for a node that nobody starts) do not keep the others:
-- they move to the default partition, with all that they are. What a node holds is waited for.
--
-- Nothing can end or come back in it from the look on: that locks its part of task_end. And no
-- transaction is on its way with an id of it once task is locked.
--
-- Returns     whether one was dropped.
-- Locks       access exclusive on task and task_end, for which it waits 50 ms (55P03).
-- Tables      task: read, insert. task_partition: read, update. event_limit: read.
-- Cost        of a look at one row; once or twice for each partition, of reading its part of
--             task_end.
create or replace function drop_task_partition()
returns boolean
language plpgsql
volatile
set search_path from current
set lock_timeout = '50ms'
as $$
#variable_conflict use_column
declare
    moved_max constant integer := 1000;
    history   constant interval := (select l.task_history from event_limit l where l.only_row);
    old       task_partition;
    newest    timestamptz;
    live      record;
    moved     task[];
begin
    select p.* into old
      from task_partition p
     where p.dropped_at is null and p.upper_id <= task_id_value()
       and p.not_before <= clock_timestamp()
     order by p.first_id
     limit 1;
    if old.first_id is null or history is null then
        return false;
    end if;
    execute pg_catalog.format('lock table %I in share mode',
                              'task_end_from_' || old.first_id::text);
    select count(*) as tasks, min(l.task) filter (where l.is_held) as held, min(l.task) as lowest
      into live
      from live_tasks(old.first_id, old.upper_id, moved_max + 1) as l;
    execute pg_catalog.format(
        'select greatest((select max(e.ended_at) from %I e), '
        '(select t.enqueued_at from %I t order by t.id desc limit 1))',
        'task_end_from_' || old.first_id::text, 'task_from_' || old.first_id::text) into newest;
    update task_partition p
       set not_before = case
               when newest + history > clock_timestamp() then newest + history
               when live.held is not null or live.tasks > moved_max
               then clock_timestamp() + interval '1 minute'
               else p.not_before end,
           kept_by = case when live.held is not null then live.held
                          when live.tasks > moved_max then live.lowest end
     where p.first_id = old.first_id
    returning p.* into old;
    if old.not_before > clock_timestamp() then
        return false;
    end if;

    lock table task, task_end in access exclusive mode;
    select array(select l.task from live_tasks(old.first_id, old.upper_id, moved_max + 1) as l)
      into strict live;
    moved := array(select t from task t where t.id = any (live.array));
    execute pg_catalog.format('drop table %I, %I', 'task_from_' || old.first_id::text,
                              'task_end_from_' || old.first_id::text);
    insert into task overriding system value
    select m.* from pg_catalog.unnest(moved) as m;
    update task_partition p set dropped_at = clock_timestamp() where p.first_id = old.first_id;
    return true;
end;
$$;
