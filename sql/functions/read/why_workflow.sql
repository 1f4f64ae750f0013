-- why_workflow: what a run of a workflow waits for, and what would make it go on.
--
-- Arguments   run: of start_workflow().
-- Returns     one row; none where there is no such run.
--   state     as workflow_run has it; and paused; blocked_no_capable_node: no live node carries
--             what a step is pinned to; stuck: what undoes a step is dead.
--   step      which one it is about; null: none. task: its first that has not ended.
--   reason    a word for it: that of why() of the task, sleep, event, the state, maintenance.
--   found     the same as people read it. fix: what to do; null where there is nothing to.
-- Tables      workflow_run, workflow_run_step, workflow_step: read. See why_step().
-- Access: dispatch, node, observe, orchestrate
create or replace function why_workflow(run bigint)
returns table (state text, step text, task bigint, reason text, found text, fix text)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    r workflow_run;
    o workflow_run_step;
begin
    select n.* into r from workflow_run n where n.id = why_workflow.run;
    if not found then
        return;
    end if;
    select n.* into o
      from workflow_run_step n
      join workflow_step d on d.digest = r.digest and d.step = n.step
     where n.run = r.id and n.state = case r.state when 'running' then 'running'
                                                   when 'compensating' then 'compensating'
                                                   when 'failed' then 'failed' end
     order by d.ordinal limit 1;
    if r.paused_at is not null then
        return query select 'paused', o.step, null::bigint, 'paused', pg_catalog.format(
            'it is paused by %s since %s%s', r.paused_by,
            pg_catalog.date_trunc('second', r.paused_at), ': ' || r.pause_reason),
            pg_catalog.format('baton workflows resume %s', r.id);
    elsif r.state = 'failed' then
        return query select r.state, o.step, null::bigint, r.state,
            coalesce(r.reason, 'it failed'), pg_catalog.format(
                'baton workflows retry %1$s, or baton workflows cancel %1$s --compensate', r.id);
    elsif r.state in ('running', 'compensating') and o.step is not null then
        return query select w.* from why_step(r, o) as w;
    elsif r.state in ('running', 'compensating') then
        return query select r.state, null::text, null::bigint, 'maintenance',
            'none of its steps is under way: rows were changed by hand',
            pg_catalog.format('baton workflows restart %s', r.id);
    else
        return query select r.state, null::text, null::bigint, r.state, pg_catalog.format(
            'it is %s since %s%s', r.state, pg_catalog.date_trunc('second', r.ended_at),
            ': ' || r.reason),
            case when r.state <> 'done' then pg_catalog.format('baton workflows restart %s', r.id)
                 end;
    end if;
end;
$$;
