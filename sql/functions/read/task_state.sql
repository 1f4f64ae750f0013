-- task_state: where a task stands.
--
-- Arguments   task: of enqueue().
-- Returns     one row; none where there is no such task.
--   state       waiting, due (until due_at), following (another task of its unique key, until that
--               ends, or those before it in its lane), claimed, or how it ended: done, dead,
--               cancelled, replaced. nowhere: see task_standings(). why() says what it waits for.
--   attempts    how often a handler started with it; while it is claimed, before that claim.
--   deliveries  how often it was handed out; null once it has ended.
--   node        who holds it, or with whom it ended.
--   error       of its last failure; of one that was cancelled, who did that, and why.
-- Tables      requirement, node, task_end, task_failure: read.
-- Cost        some index probes, and of what nodes hold; not of what waits or has ended.
-- Access: dispatch, node, observe, orchestrate
create or replace function task_state(task bigint)
returns table (
    handler text, version integer, labels text[], state text, attempts integer,
    deliveries integer, due_at timestamptz, node text, result jsonb, error text)
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select r.handler, r.version, r.labels, s.state, s.attempts, s.deliveries, s.due_at,
           n.name, e.result::jsonb, coalesce(s.ended_why, f.error)
      from task_standings(array[task_state.task]) as s
      join requirement r on r.id = s.requirement
      left join node n on n.id = s.node
      left join task_end e on e.task = s.task
      left join lateral (
        select l.error from task_failure l
         where l.task = s.task order by l.failed_at desc limit 1) as f on true;
$$;
