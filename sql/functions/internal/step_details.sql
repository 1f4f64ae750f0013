-- step_details: what is known of a step of a run. Internal: workflow_details(), which see.
--
-- Arguments   r: the run. d: the step.
-- Tables      workflow_run_step, workflow_task: read.
create or replace function step_details(r workflow_run, d workflow_step)
returns jsonb
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
               'step', d.step, 'handler', d.handler, 'version', d.version,
               'undo', d.undo_handler, 'sleep', d.sleep, 'event', d.event,
               'state', coalesce(o.state, 'not begun'), 'began_at', o.began_at,
               'ended_at', o.ended_at, 'due_at', o.due_at, 'error', o.error,
               'seconds', round(extract(epoch from coalesce(o.ended_at, clock_timestamp())
                                                   - o.began_at), 1)))
           || pg_catalog.jsonb_build_object(
               'result', readable(o.result),
               'tasks', coalesce(t.tasks, '[]'), 'more_tasks', greatest(t.count - 100, 0))
      from (select) as one
      left join workflow_run_step o on o.run = r.id and o.step = d.step
      left join lateral (
        select count(*) as count, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'task', k.task, 'ordinal', k.ordinal, 'undoes', k.is_undo, 'state', s.state,
                   'attempts', s.attempts, 'error', pg_catalog.left(s.error, 500))
                   order by k.is_undo, k.ordinal) filter (where k.number <= 100) as tasks
          from (select w.task, w.ordinal, w.is_undo,
                       row_number() over (order by w.is_undo, w.ordinal) as number
                  from workflow_task w
                 where w.run = o.run and w.step = o.step
                   and w.round >= o.round) as k
          left join lateral task_state(case when k.number <= 100 then k.task end) as s on true)
           as t on true;
$$;
