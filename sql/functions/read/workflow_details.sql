-- workflow_details: all that is known of a run of a workflow, as a tree. For `baton workflows
-- show`.
--
-- Arguments   run: of start_workflow().
-- Returns     a JSON object: run, name, version, digest, key, tenant, payload, meta, result,
--             started_at, started_by, ended_at, seconds; state, step, reason, found, fix, as
--             why_workflow() says; steps, in the order of the definition, also those that have not
--             begun [{step, handler, version, undo, sleep, event, state, began_at, ended_at,
--             seconds, result, error, due_at, tasks [{task, ordinal, undoes, state, attempts,
--             error}], more_tasks}]: of each step the first 100 tasks of its last round. Null where
--             there is no such run.
-- Tables      workflow_run, workflow_step: read. See step_details().
-- Access: observe, orchestrate
create or replace function workflow_details(run bigint)
returns jsonb
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select pg_catalog.jsonb_build_object(
        'run', r.id, 'name', r.name, 'version', r.version, 'digest', r.digest, 'key', r.key,
        'tenant', r.tenant, 'payload', readable(r.payload), 'meta', readable(r.meta),
        'result', readable(r.result), 'started_at', r.started_at, 'started_by', r.started_by,
        'ended_at', r.ended_at,
        'seconds', round(extract(epoch from coalesce(r.ended_at, clock_timestamp())
                                            - r.started_at), 1),
        'state', w.state, 'step', w.step, 'task', w.task, 'reason', w.reason, 'found', w.found,
        'fix', w.fix,
        'steps', (select pg_catalog.jsonb_agg(step_details(r, d) order by d.ordinal)
                    from workflow_step d where d.digest = r.digest))
      from workflow_run r
     cross join lateral why_workflow(r.id) as w
     where r.id = workflow_details.run;
$$;
