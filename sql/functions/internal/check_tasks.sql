-- check_tasks: whether tasks are where they must be, and somebody looks after them. Part of
-- doctor().
--
-- Returns     three rows of doctor(): tasks, maintenance and task_partitions.
-- Tables      node, task_default, task_partition: read.
create or replace function check_tasks()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'tasks', case when m.named is null then 'ok' else 'problem' end,
           coalesce(m.named, 'each of those that were looked at is at one place'),
           case when m.named is not null
                then 'rows were changed by hand, or restored in part: enqueue() anew what is '
                     'nowhere; of what is at two places, delete one' end
      from misplaced_tasks() as m (named)
     union all
    select 'maintenance', case when n.settled > 0 and u.sentence is not null then 'problem'
                               else 'ok' end,
           coalesce(u.sentence, 'maintain() is called') || '; '
           || pg_catalog.format('live nodes: %s', n.live),
           case when n.settled > 0 and u.sentence is not null
                then 'each node has to call maintain() once a second: see docs/tasks.md' end
      from unmaintained() as u (sentence)
     cross join (
        select count(*) as live,
               count(*) filter (
                   where n.registered_at < clock_timestamp() - interval '10 seconds') as settled
          from node n
         where is_live(n)) as n
     union all
    select 'task_partitions', case when room.ids_left > 0 and d.tasks < 100000 then 'ok'
                                   else 'warning' end,
           pg_catalog.format('room for %s tasks before the next partition; %s%s in the default one',
                             greatest(room.ids_left, 0), d.tasks,
                             case when d.tasks = 100000 then ' or more' else '' end),
           case when room.ids_left <= 0 or d.tasks = 100000
                then 'nothing is lost, but these are forgotten one by one: each node has to call '
                     'maintain() once a second, which adds partitions' end
      from (select count(*) from (select from task_default limit 100000) as d) as d (tasks)
     cross join (select max(p.upper_id) - task_id_value()
                   from task_partition p) as room (ids_left);
$$;
