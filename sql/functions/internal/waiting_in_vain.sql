-- waiting_in_vain: the tasks that wait for something that no live node has, but for those of a
-- handler that is paused. Internal: status_tasks().
--
-- Returns     one row for each requirement, what has waited longest first.
--   waiting     it stops counting at 10000. oldest_seconds: of the one with the lowest id.
--   lack, found, fix  see requirement_lack().
-- Cost        some index probes for each requirement that no live node meets; nothing for the tasks
--             of the others.
-- Tables      node, node_handler, handler_version, handler, requirement, task, task_in_lane: read.
create or replace function waiting_in_vain()
returns table (
    handler text, version integer, labels text[], waiting integer, oldest_seconds numeric,
    lack text, found text, fix text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    with offered as materialized (
        select distinct c.handler, c.version, c.build, n.labels
          from node n
          join node_handler c on c.node = n.id
         where is_live(n) and n.paused_at is null
    ), unmet as materialized (
        select r.*
          from requirement r
          join handler h on h.name = r.handler and h.paused_at is null
          join handler_version made on made.handler = r.handler and made.version = r.version
          join handler_version v
            on v.handler = r.handler
           and v.version = case when r.build is null then made.runs_as else r.version end
         where not exists (select from offered o
                            where o.handler = r.handler and o.version = v.version
                              and o.build = coalesce(r.build, v.build)
                              and r.labels <@ o.labels)
    ), laned as materialized (
        select l.requirement, count(*) as tasks, min(l.task) as first
          from (select l.requirement, l.task
                  from task_in_lane l
                 where not l.is_head
                   and exists (select from unmet u join handler h on h.name = u.handler
                                where h.is_fair)
                 order by l.task
                 limit 10000) as l
         group by l.requirement
    )
    select u.handler, u.version, u.labels, w.tasks::integer,
           round(extract(epoch from clock_timestamp() - t.enqueued_at)), l.lack, l.found, l.fix
      from unmet u
     cross join lateral (
        select r.tasks + coalesce(l.tasks, 0) as tasks, least(r.first, l.first) as first
          from (select count(*) as tasks, min(q.task) as first
                  from ready_of(u.id, 10000) as q) as r
          left join handler h on h.name = u.handler and h.is_fair
          left join laned l on l.requirement = u.id and h.name is not null) as w
     cross join lateral (select t.enqueued_at from task t where t.id = w.first limit 1) as t
     cross join lateral requirement_lack(u.id) as l
     order by t.enqueued_at;
$$;
