-- lane_problems: which lanes stand still because their head is dead. Internal: status().
--
-- Returns     one line for each handler that has some, with the lane whose dead task is the oldest.
-- Cost        of a look at the newest 10000 tasks that are dead.
-- Tables      task_end, task_in_lane, task, requirement: read.
create or replace function lane_problems()
returns text[]
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    with held as materialized (
        select r.handler, d.task, t.lane, count(*) over (partition by r.handler) as lanes,
               row_number() over (partition by r.handler order by d.task) as number
          from (select e.task
                  from task_end e
                 where e.outcome = 'dead'
                 order by e.task desc
                 limit 10000) as d
         cross join lateral (
            select l.* from task_in_lane l where l.task = d.task and l.is_head limit 1) as l
         cross join lateral (select t.lane from task t where t.id = d.task limit 1) as t
          join requirement r on r.id = l.requirement
         where exists (select from task_in_lane w where w.lane = l.lane and not w.is_head)
    )
    select array(
        select pg_catalog.format(
                   '%s of handler %s stand%s still, as lane %s behind task %s, which is dead: '
                   'baton tasks retry %s, or baton tasks cancel %s; see set_lanes() for what lanes '
                   'are to do then',
                   case when h.lanes = 1 then 'a lane' else h.lanes::text || ' lanes' end,
                   h.handler, case when h.lanes = 1 then 's' else '' end, h.lane, h.task, h.task,
                   h.task)
          from held h
         where h.number = 1
         order by h.handler);
$$;
