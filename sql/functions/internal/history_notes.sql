-- history_notes: which tasks keep what ended long ago from being forgotten. Internal: status().
--
-- Returns     one line for each partition that is kept for one.
-- Tables      task_partition, event_limit: read.
create or replace function history_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select array(
        select pg_catalog.format(
                   'tasks %s to %s are kept for longer than %s, because of task %s; see "baton '
                   'tasks why %4$s"', p.first_id, p.upper_id - 1, l.task_history, p.kept_by)
          from task_partition p
         cross join event_limit l
         where p.dropped_at is null and p.kept_by is not null
         order by p.first_id);
$$;
