-- steps_from: a step of a workflow's definition, and all that come after it. Internal:
-- move_workflow(), reset_steps(), restart_workflow().
--
-- Arguments   digest: which definition. step: which; none where there is no such step.
-- Tables      workflow_step: read.
create or replace function steps_from(digest text, step text)
returns text[]
language sql
stable
set search_path from current
as $$
    with recursive onward (step) as (
        select d.step from workflow_step d
         where d.digest = steps_from.digest and d.step = steps_from.step
         union
        select d.step
          from onward o
          join workflow_step d on d.digest = steps_from.digest and o.step = any (d.after)
    )
    select array(select o.step from onward o order by o.step);
$$;
