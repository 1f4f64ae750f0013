-- partition_rows: how many ids the next partition of task should have: what is made in a sixteenth
-- of the time for which history is kept, so that there are never more than some twenty, however
-- fast tasks are made: what looks for a task by its id looks into each. Internal:
-- add_task_partitions().
--
-- 10 million at least, for what is made in one go; and at most twice as many as the one before, so
-- that one such day does not make one for years.
--
-- Returns     from 10 million to 1000 million.
-- Tables      task_partition, event_limit: read.
create or replace function partition_rows()
returns bigint
language sql
volatile
set search_path from current
as $$
    select least(greatest(
               extract(epoch from coalesce(l.task_history, interval '1 year')) / 16
               * greatest(task_id_value() - p.first_id, 0)
               / greatest(extract(epoch from clock_timestamp() - p.added_at), 1),
               10000000), 2 * (p.upper_id - p.first_id), 1000000000)::bigint
      from event_limit l
     cross join (select t.* from task_partition t order by t.first_id desc limit 1) as p
     where l.only_row;
$$;
