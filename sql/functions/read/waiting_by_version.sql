-- waiting_by_version: how many tasks of a handler wait, for a node, for a time or in a lane, by the
-- version that they were made for; but for members of task sets, which a promotion does not touch.
-- For `baton promote --dry-run`.
--
-- Arguments   handler: of which.
-- Returns     a row for each version of which there are some. waiting: of each requirement it stops
--             counting at 1000000.
-- Cost        of what is counted, and of all tasks that wait for a time or in a lane.
-- Tables      requirement, task_ready, task_due, task_in_lane, task: read.
-- Access: observe, orchestrate
create or replace function waiting_by_version(handler text)
returns table (version integer, waiting bigint)
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    with due as materialized (
        select t.requirement, count(*) as tasks
          from task_due d
          join task t on t.id = d.task
         group by t.requirement
    ), in_lanes as materialized (
        select l.requirement, count(*) as tasks
          from task_in_lane l
         where not l.is_head
         group by l.requirement
    )
    select r.version, sum(q.tasks + coalesce(d.tasks, 0) + coalesce(l.tasks, 0))::bigint
      from requirement r
     cross join lateral (
        select count(*) as tasks
          from (select from task_ready w where w.requirement = r.id limit 1000000) as w) as q
      left join due d on d.requirement = r.id
      left join in_lanes l on l.requirement = r.id
     where r.handler = waiting_by_version.handler and r.build is null
     group by r.version
    having sum(q.tasks + coalesce(d.tasks, 0) + coalesce(l.tasks, 0)) > 0
     order by r.version;
$$;
