-- require_run: a run of a workflow, locked. Internal: cancel_workflow(), move_workflow(),
-- pause_workflow(), restart_workflow(), resume_workflow(), retry_workflow().
--
-- Arguments   run: of start_workflow(). caller: for the error.
-- Raises      BT065 there is none. BT006 the transaction's snapshot is fixed.
-- Locks       its row, until the transaction ends; it waits for who completes a task of it.
-- Tables      workflow_run: read, lock.
create or replace function require_run(run bigint, caller text)
returns workflow_run
language plpgsql
volatile
set search_path from current
as $$
declare
    known workflow_run;
begin
    perform require_read_committed(require_run.caller);
    perform from workflow_run r where r.id = require_run.run for no key update;
    select r.* into known from workflow_run r where r.id = require_run.run;
    if not found then
        raise exception 'there is no run % of a workflow, or it is not kept any more; see `baton '
            'workflows list`', coalesce(require_run.run::text, 'null')
            using errcode = 'BT065';
    end if;
    return known;
end;
$$;
