-- move_workflow: a run goes on by another version of its workflow, from this step on. What was done
-- stays, and has to be the same in both: each step that the run has begun, but this one and those
-- after it, is in the new definition as it was in the old one.
--
-- Arguments   run: of start_workflow(). version: of the same workflow. step: of the new definition;
--             what stands before it has to be done.
-- Returns     what it is now: running, or what came of steps that end at once.
-- Raises      BT065 there is no such run, version or step. BT066 what was executed differs; what
--             stands before the step is not done; the run is being undone. BT006 see require_run().
-- Locks       the run, and the claims of its tasks: see cancel().
-- Notifies    nodes that sleep.
-- Tables      workflow_run: read, update. workflow_run_step, workflow_step: read. See
--             reset_steps(), go_on().
-- Access: orchestrate
create or replace function move_workflow(run bigint, version integer, step text)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    r       workflow_run := require_run(move_workflow.run, 'move_workflow');
    target  workflow_version := require_workflow_version(r.name, move_workflow.version);
    reset   text[];
    differs text;
begin
    if r.state = 'compensating' then
        perform refuse_run(r, 'moved until that has ended');
    end if;
    perform require_done_before(r, target.digest, move_workflow.step, 'moved');
    reset := steps_from(target.digest, move_workflow.step);
    select o.step into differs
      from workflow_run_step o
      join workflow_step d on d.digest = r.digest and d.step = o.step
      left join workflow_step n on n.digest = target.digest and n.step = o.step
     where o.run = r.id and o.step <> all (reset)
       and pg_catalog.to_jsonb(n) - '{digest,ordinal}'::text[]
           is distinct from pg_catalog.to_jsonb(d) - '{digest,ordinal}'::text[]
     order by d.ordinal
     limit 1;
    if found then
        perform refuse_run(r, pg_catalog.format(
            'moved to version %s at step %s: what was executed differs: step %s is not the same '
            'there', target.version, move_workflow.step, differs));
    end if;
    perform reset_steps(r.id, reset, 'the run was moved by ' || session_user::text);
    update workflow_run n
       set version = target.version, digest = target.digest
     where n.id = r.id;
    perform go_on(r.id);
    return (select n.state from workflow_run n where n.id = r.id);
end;
$$;
