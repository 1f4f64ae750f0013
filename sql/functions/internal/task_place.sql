-- task_place: where a task stands: at exactly one place, in each snapshot. Internal: pull_task().
--
-- Arguments   task: which.
-- Returns     one row; none where there is no such task.
--   state       waiting, due, following (another task, until that ends), claimed, or how it ended.
--   requirement, rank, place  where it waits. due_at: until when.
--   claim, node  who has it, or had it at its end.
--   attempts    how often a handler started with it; before the claim that has it.
--   deliveries  how often it was handed out, with that claim.
-- Cost        a probe each; where it is claimed, of all claims.
-- Tables      task, task_end, task_ready, task_due, task_claim: read.
create or replace function task_place(task bigint)
returns table (
    state text, requirement integer, rank integer, place bigint, due_at timestamptz,
    claim bigint, node bigint, attempts integer, deliveries integer)
language sql
stable
rows 1
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select p.state, t.requirement, p.rank, p.place, p.due_at, p.claim, p.node, p.attempts,
           p.deliveries
      from task t
     cross join lateral (
        select e.outcome as state, null::integer as rank, null::bigint as place,
               null::timestamptz as due_at, e.claim, e.node, e.attempts::integer as attempts,
               null::integer as deliveries
          from task_end e where e.task = t.id
         union all
        select 'waiting', q.rank, q.place, null, null, null, q.attempts, q.deliveries
          from task_ready q
         where q.requirement = t.requirement and q.rank = ready_rank(t.priority, false)
           and q.place = t.id
         union all
        select case when d.follows is null
                         or exists (select from task_end e where e.task = d.follows)
                    then 'due' else 'following' end,
               null, null, d.due_at, null, null, d.attempts, d.deliveries
          from task_due d where d.task = t.id
         union all
        select 'waiting', q.rank, q.place, null, null, null, q.attempts, q.deliveries
          from task_ready q
         where q.task = t.id and q.rank % 2 = 0
         union all
        select 'claimed', null, null, null, c.id, c.node,
               c.attempts[pg_catalog.array_position(c.tasks, t.id)],
               c.deliveries[pg_catalog.array_position(c.tasks, t.id)] + 1
          from task_claim c
         where t.id = any (c.tasks) and t.id <> all (c.returned)
           and not exists (select from task_end e where e.task = t.id)
         limit 1) as p
     where t.id = task_place.task;
$$;
