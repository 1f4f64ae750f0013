-- workflow_steps_of: the steps of a workflow, as they were told, with all that was left out.
-- Internal: define_workflow().
--
-- Arguments   steps: see define_workflow(). known: see workflow_step_of().
-- Raises      see workflow_step_of().
create or replace function workflow_steps_of(steps jsonb, known text)
returns workflow_step[]
language plpgsql
volatile
set search_path from current
as $$
declare
    made   workflow_step[] := '{}';
    former text[] := '{}';
    told   jsonb;
    s      workflow_step;
begin
    for told in select e.value from pg_catalog.jsonb_array_elements(workflow_steps_of.steps) as e
    loop
        s := workflow_step_of(told, cardinality(former), former, workflow_steps_of.known);
        made := made || s;
        former := former || s.step;
    end loop;
    return made;
end;
$$;
