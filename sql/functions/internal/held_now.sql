-- held_now: what nodes hold at the moment. Internal.
--
-- Arguments   tasks: only these; null: all.
-- Returns     one row for each task that a claim has and that has neither ended nor gone back.
--             attempts, deliveries: before the claim. started: a handler was said to have started.
-- Cost        of a look at each task of each claim that was not cleared away yet.
-- Tables      task_claim, task_end: read.
create or replace function held_now(tasks bigint[])
returns table (
    task bigint, claim bigint, node bigint, claimed_at timestamptz, attempts integer,
    deliveries integer, started boolean)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    select h.task, c.id, c.node, c.claimed_at, h.attempts::integer, h.deliveries::integer,
           h.task = any (c.started)
      from task_claim c
     cross join lateral unnest(c.tasks, c.attempts, c.deliveries)
           as h (task, attempts, deliveries)
     where (held_now.tasks is null or h.task = any (held_now.tasks))
       and h.task <> all (c.returned)
       and not exists (select from task_end e where e.task = h.task);
$$;
