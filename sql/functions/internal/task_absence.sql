-- task_absence: what became of a task that is not there. Internal: ended_task(),
-- missing_task(), refuse_token().
--
-- Arguments   task: of enqueue().
-- Returns     code: BT050 it has ended, and is forgotten; BT042 there never was one. message.
-- Tables      task_partition, event_limit, maintenance: read.
create or replace function task_absence(task bigint)
returns table (code text, message text)
language sql
volatile
set search_path from current
as $$
    select case when f.is_forgotten then 'BT050' else 'BT042' end,
           case when f.is_forgotten
                then pg_catalog.format('task %s is not kept any more: it has ended, and history is '
                                       'kept for %s', task_absence.task, l.task_history)
                else 'there is no task ' || coalesce(task_absence.task::text, 'null') end
      from event_limit l
     cross join lateral (
        select coalesce((select p.dropped_at is not null
                           from task_partition p
                          where p.first_id <= task_absence.task and task_absence.task < p.upper_id),
                        false)
               or task_absence.task between 1 and (select m.swept_task from maintenance m
                                                    where m.only_row)
               as is_forgotten) as f
     where l.only_row;
$$;
