-- why_step: what a step of a run waits for. Internal: why_workflow().
--
-- Arguments   r: the run. o: a step of it that runs, or is being undone.
-- Returns     one row of why_workflow().
-- Tables      workflow_step, workflow_task, task_end: read.
create or replace function why_step(r workflow_run, o workflow_run_step)
returns table (state text, step text, task bigint, reason text, found text, fix text)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    s workflow_step;
    t bigint;
    w record;
begin
    select d.* into strict s from workflow_step d where d.digest = r.digest and d.step = o.step;
    if o.state = 'running' and s.handler is null then
        return query select r.state, o.step, null::bigint,
            case when s.sleep is null then 'event' else 'sleep' end,
            case when s.sleep is null then pg_catalog.format(
                'step %s waits for an event %s of the key %s%s', o.step, s.event,
                pg_catalog.quote_literal(o.event_key),
                case when o.due_at is not null then pg_catalog.format(', until %s, and then it %s',
                    pg_catalog.date_trunc('second', o.due_at),
                    case s.at_deadline when 'fail' then 'fails' else 'goes on without' end) end)
            else pg_catalog.format('step %s sleeps until %s', o.step,
                                   pg_catalog.date_trunc('second', o.due_at)) end
            || coalesce('; it could not go on, and is tried again: ' || o.error, ''::text)
            || coalesce(case when o.due_at < clock_timestamp() then '; ' || unmaintained() end,
                        ''::text),
            null::text;
        return;
    end if;
    select k.task into t from workflow_task k
     where k.run = r.id and k.step = o.step and not k.is_done
       and k.is_undo = (o.state = 'compensating')
       and k.round = case when k.is_undo then r.round else o.round end
     order by exists (select from task_end e
                       where e.task = k.task and e.outcome = 'done'), k.task
     limit 1;
    select n.* into w from why(t) as n;
    return query select
        case when w.reason in ('no_node', 'other_version', 'other_build', 'labels')
             then 'blocked_no_capable_node'
             when w.state in ('dead', 'cancelled') and r.state = 'compensating' then 'stuck'
             else r.state end,
        o.step, t, coalesce(w.reason, 'forgotten'),
        pg_catalog.format('step %s%s: task %s: %s', o.step,
                          case when r.state = 'compensating' then ' is being undone' end, t,
                          coalesce(w.found, 'it is not kept any more')),
        case when w.state in ('dead', 'cancelled')
             then pg_catalog.format('baton workflows retry %s', r.id) else w.fix end;
end;
$$;
