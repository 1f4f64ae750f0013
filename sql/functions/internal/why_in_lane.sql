-- why_in_lane: why a task waits in its lane. Internal: why().
--
-- Arguments   task: which.
-- Returns     one row of why().
-- Cost        it stops counting at 10000 tasks that go first.
-- Tables      task_in_lane, task, task_end, requirement, handler: read.
create or replace function why_in_lane(task bigint)
returns table (reason text, found text, fix text)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
        select w.*
          from task_in_lane l
          join requirement r on r.id = l.requirement
          join handler h on h.name = r.handler and h.is_fair
         cross join lateral (
            select u.* from why_held_up(r.id) as u
             union all
            select s.* from why_shared(h.name, l.lane, why_in_lane.task) as s
             limit 1) as w
         where l.task = why_in_lane.task;
    if found then
        return;
    end if;
    return query
    select case when h.dead is not null then 'lane_held' else 'lane' end,
           case when h.dead is not null then pg_catalog.format(
                    'its lane %s stands still: task %s at its head is dead', t.lane, h.dead)
                when h.heads = 0 then pg_catalog.format(
                    'its lane %s has room, and nobody has looked yet', t.lane)
                else pg_catalog.format(
                    '%s of its lane %s %s being done or to be done now, and %s others go first',
                    h.heads, t.lane, case when h.heads = 1 then 'is' else 'are' end,
                    a.ahead::text || case when a.ahead = 10000 then ' or more' else '' end) end,
           case when h.dead is not null then pg_catalog.format(
                    'baton tasks retry %s, or baton tasks cancel %s', h.dead, h.dead)
                when h.heads = 0 then 'call maintain(), as each node does once a second'
                else pg_catalog.format('baton tasks why %s', h.first) end
      from task_in_lane l
     cross join lateral (select t.lane from task t where t.id = l.task limit 1) as t
     cross join lateral (
        select count(*) as heads, min(o.task) as first, min(e.task) as dead
          from task_in_lane o
          left join lateral (select e.task from task_end e where e.task = o.task limit 1) as e
            on true
         where o.lane = l.lane and o.is_head) as h
     cross join lateral (
        select count(*) as ahead
          from (select from task_in_lane o
                 where o.lane = l.lane and not o.is_head and o.task < l.task
                 limit 10000) as o) as a
     where l.task = why_in_lane.task;
end;
$$;
