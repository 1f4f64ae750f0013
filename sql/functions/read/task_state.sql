-- task_state: where a task stands.
--
-- Arguments   task: of enqueue().
-- Returns     one row; none where there is no such task.
--   state       waiting, due (until due_at), following (another task of its unique key, until that
--               ends), claimed, done, dead, cancelled, replaced.
--   attempts    how often a handler started with it; while it is claimed, before that claim.
--   node        who holds it, or with whom it ended.
--   error       of its last failure; of one that was cancelled, who did that, and why.
-- Tables      task, requirement, task_ready, task_due, task_claim, task_end, task_failure, node:
--             read.
-- Cost        of a look at each of the task's places; where it waits, of all that waits.
-- Access: dispatch, node, observe, orchestrate
create or replace function task_state(task bigint)
returns table (
    handler text, version integer, labels text[], state text, attempts integer,
    deliveries integer, due_at timestamptz, node text, result jsonb, error text)
language sql
stable
security definer
set search_path from current
as $$
    select r.handler, r.version, r.labels, coalesce(e.outcome, w.state, 'claimed'),
           coalesce(e.attempts::integer, w.attempts, 0), coalesce(w.deliveries, 0), w.due_at,
           n.name, e.result::jsonb, coalesce(nullif(e.reason, ''), f.error)
      from task t
      join requirement r on r.id = t.requirement
      left join task_end e on e.task = t.id
      left join lateral (
        select 'claimed' as state, c.node, null::timestamptz as due_at,
               c.attempts[pg_catalog.array_position(c.tasks, t.id)]::integer as attempts,
               c.deliveries[pg_catalog.array_position(c.tasks, t.id)] + 1 as deliveries
          from task_claim c
         where t.id = any (c.tasks) and t.id <> all (c.returned)
         union all
        select 'waiting', null, null, q.attempts, q.deliveries
          from task_ready q where q.task = t.id
         union all
        select case when d.follows is null
                         or exists (select from task_end l where l.task = d.follows)
                    then 'due' else 'following' end, null, d.due_at, d.attempts, d.deliveries
          from task_due d where d.task = t.id
         limit 1) as w on e.task is null
      left join node n on n.id = coalesce(e.node, w.node)
      left join lateral (
        select l.error from task_failure l
         where l.task = t.id order by l.failed_at desc limit 1) as f on true
     where t.id = task_state.task;
$$;
