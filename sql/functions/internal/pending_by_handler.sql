-- pending_by_handler: how many tasks wait and are held, by handler. Internal: handlers(),
-- queues().
--
-- Returns     a row for each handler that ever had a task, or could have.
--   waiting     for a node: up to 10000 for each of its requirements are counted.
--   oldest      when the one of them was enqueued that has the lowest id.
--   due         for a time: among the 10000 whose times come first.
--   in_lanes    behind others of their lanes: among the first 10000 that do.
--   claimed     that nodes hold.
-- Tables      requirement, task, task_due, task_in_lane: read.
create or replace function pending_by_handler()
returns table (
    handler text, waiting integer, oldest timestamptz, due integer, in_lanes integer,
    claimed integer)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    with due as materialized (
        select t.requirement, count(*) as tasks
          from (select d.task from task_due d order by d.due_at, d.task limit 10000) as d
         cross join lateral (select t.requirement from task t where t.id = d.task limit 1) as t
         group by t.requirement
    ), in_lanes as materialized (
        select l.requirement, count(*) as tasks
          from (select l.requirement
                  from task_in_lane l where not l.is_head order by l.task limit 10000) as l
         group by l.requirement
    ), held as materialized (
        select t.requirement, count(*) as tasks
          from held_now(null::bigint[]) as h
         cross join lateral (select t.requirement from task t where t.id = h.task limit 1) as t
         group by t.requirement
    )
    select r.handler, sum(w.tasks)::integer,
           min((select t.enqueued_at from task t where t.id = w.first)),
           coalesce(sum(d.tasks), 0)::integer, coalesce(sum(l.tasks), 0)::integer,
           coalesce(sum(h.tasks), 0)::integer
      from requirement r
     cross join lateral (
        select count(*) as tasks, min(q.task) as first from ready_of(r.id, 10000) as q) as w
      left join due d on d.requirement = r.id
      left join in_lanes l on l.requirement = r.id
      left join held h on h.requirement = r.id
     group by r.handler;
$$;
