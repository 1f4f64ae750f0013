-- undo_next: undo the next step of a run, or, where there is none, end the run. Internal:
-- step_task_done(), undo_run(). The caller has locked the run.
--
-- Arguments   run: which.
-- Tables      workflow_run, workflow_run_step: read, update. workflow_step: read. See
--             make_step_tasks().
create or replace function undo_next(run bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    last  constant text := next_undo(undo_next.run);
    r     workflow_run;
    s     workflow_step;
    parts jsonb[];
begin
    select w.* into strict r from workflow_run w where w.id = undo_next.run;
    select d.* into s from workflow_step d where d.digest = r.digest and d.step = last;
    if last is null then
        update workflow_run w
           set state = w.outcome, ended_at = clock_timestamp()
         where w.id = r.id;
        return;
    end if;
    parts := undo_payloads(r, s);
    update workflow_run_step o
       set state = 'compensating', ended_at = null
     where o.run = r.id and o.step = s.step;
    if parts = '{}' then
        -- A step of no elements.
        update workflow_run_step o
           set state = 'compensated', ended_at = clock_timestamp()
         where o.run = r.id and o.step = s.step;
        perform undo_next(r.id);
        return;
    end if;
    perform make_step_tasks(r, s.step, s.undo_handler, s.undo_version, '{}'::text[], parts, true);
end;
$$;
