-- task_details: all that is known of a task. For `baton tasks show`.
--
-- Arguments   task: of enqueue().
-- Returns     a JSON object: task, handler, version, labels, state, priority, attempts, deliveries,
--             tenant, enqueued_at, event_id, lane, after, when_failed, expires_at, due_at, since,
--             node, started, ended_why, as list_tasks() and task_standings() say; progress, and
--             when it was said: progress(); payload, or body (as Postgres writes bytes),
--             content_type and bytes; schema_version; meta; result; failures [{attempt, outcome,
--             failed_at, node, error}], oldest first. A payload that cannot be read is a text that
--             says why. Null where there is no such task.
-- Tables      task, requirement, node, task_end, task_failure, task_progress, task_expiry: read.
-- Access: observe, orchestrate
create or replace function task_details(task bigint)
returns jsonb
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select pg_catalog.jsonb_build_object(
               'task', t.id, 'handler', r.handler, 'version', r.version, 'labels', r.labels,
               'state', s.state, 'priority', t.priority, 'attempts', s.attempts,
               'deliveries', s.deliveries, 'tenant', t.tenant, 'enqueued_at', t.enqueued_at,
               'event_id', t.event_id, 'lane', t.lane, 'after', s.after,
               'when_failed', s.when_failed, 'expires_at', x.expires_at,
               'due_at', s.due_at, 'since', s.since,
               'node', n.name, 'started', s.started, 'progress', p.progress,
               'progress_at', p.noted_at, 'ended_why', s.ended_why,
               'payload', case when t.body is null then readable(t.payload) end,
               'body', t.body, 'content_type', t.content_type, 'bytes', octet_length(t.body),
               'schema_version', t.schema_version,
               'meta', readable(t.meta), 'result', readable(e.result),
               'failures', (
                select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                           'attempt', f.attempt, 'outcome', f.outcome, 'failed_at', f.failed_at,
                           'node', m.name, 'error', f.error) order by f.failed_at), '[]')
                  from task_failure f
                  left join node m on m.id = f.node
                 where f.task = t.id))
      from task_standings(array[task_details.task]) as s
      join task t on t.id = s.task
      join requirement r on r.id = s.requirement
      left join node n on n.id = s.node
      left join task_end e on e.task = s.task
      left join task_expiry x on x.task = s.task
      left join task_progress p
        on p.task = s.task and p.claim = s.claim and s.state = 'claimed';
$$;
