-- task_standings: where tasks stand, each found by its id. Internal.
--
-- Arguments   tasks: which.
-- Returns     one row for each that there is, in their order.
--   state       waiting; due: it waits for due_at; following: until the task that it follows has
--               ended; or the one after which it is made; or, where both are null, for its turn in
--               its lane; claimed: node holds
--               it, since then, and maybe a handler started with it; an outcome: it ended, since
--               then, at node; nowhere: at none of the places that there are, where no function
--               leaves it.
--   rank, place  of one that is waiting. claim: under which it is held, or ended. ended_why: of one
--               that was cancelled.
--   attempts, deliveries  so far; deliveries is null of one that ended.
-- Cost        some index probes a task, and of held_now().
-- Tables      task, task_end, task_due, task_ready, task_in_lane: read.
create or replace function task_standings(tasks bigint[])
returns table (
    task bigint, requirement integer, state text, rank integer, place bigint, attempts integer,
    deliveries integer, due_at timestamptz, claim bigint, node bigint, since timestamptz,
    started boolean, ended_why text, follows bigint, after bigint, when_failed text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    with held as materialized (select h.* from held_now(task_standings.tasks) as h)
    select t.id, t.requirement,
           coalesce(e.outcome, case when d.is_following or d.after is not null or l.task is not null
                                    then 'following'
                                    when d.task is not null then 'due'
                                    when q.task is not null then 'waiting'
                                    when h.task is not null then 'claimed' end, 'nowhere'),
           q.rank, q.place,
           coalesce(e.attempts, d.attempts, l.attempts, q.attempts, h.attempts, 0)::integer,
           case when e.task is null
                then coalesce(d.deliveries, l.deliveries, q.deliveries, h.deliveries + 1,
                              0)::integer end,
           case when d.after is not null then d.not_before else d.due_at end,
           coalesce(e.claim, h.claim), coalesce(e.node, h.node),
           coalesce(e.ended_at, h.claimed_at), h.started, nullif(e.reason, ''),
           case when d.is_following then d.follows end, d.after, d.when_failed
      from pg_catalog.unnest(task_standings.tasks) with ordinality as w (task, ordinal)
     cross join lateral (
        select t.id, t.requirement, t.priority, t.lane
          from task t where t.id = w.task limit 1) as t
      left join lateral (select * from task_end e where e.task = t.id limit 1) as e on true
      left join lateral (
        select d.*, d.follows is not null
                    and not exists (select from task_end l where l.task = d.follows) as is_following
          from task_due d
         where d.task = t.id
         limit 1) as d on true
      left join lateral (
        select l.* from task_in_lane l
         where t.lane is not null and l.task = t.id and not l.is_head
         limit 1) as l on true
      left join lateral (
        select f.*
          from task_ready f
         where f.requirement = t.requirement and f.rank = ready_rank(t.priority, false)
           and f.place = t.id
         union all
        select b.* from task_ready b where b.task = t.id and b.rank % 2 = 0
         limit 1) as q on true
      left join lateral (
        -- Looked for only where it is at none of those.
        select h.*
          from held h
         where e.task is null and d.task is null and l.task is null and q.task is null
           and h.task = t.id
         limit 1) as h on true
     order by w.ordinal;
$$;
