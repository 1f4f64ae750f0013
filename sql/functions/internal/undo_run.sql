-- undo_run: what was done of a run is undone, in reverse order. Internal: cancel_workflow(),
-- fail_step(). The caller has locked the run, and stopped its steps.
--
-- Arguments   run: which. outcome: what it is then. reason: why.
-- Returns     false where there is nothing to undo: then nothing has changed.
-- Tables      workflow_run: update. See next_undo(), undo_next().
create or replace function undo_run(run bigint, outcome text, reason text)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    if next_undo(undo_run.run) is null then
        return false;
    end if;
    update workflow_run r
       set state = 'compensating', outcome = undo_run.outcome, reason = undo_run.reason,
           ended_at = null, paused_at = null
     where r.id = undo_run.run;
    perform undo_next(undo_run.run);
    return true;
end;
$$;
