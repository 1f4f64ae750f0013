-- run_result: what a run gave, whose steps are all done: what the step gave after which no other
-- one comes; of several {name: what it gave}. Internal: go_on().
--
-- Arguments   run, digest: which, and its definition.
-- Tables      workflow_step, workflow_run_step: read.
create or replace function run_result(run bigint, digest text)
returns jsonb
language sql
stable
set search_path from current
as $$
    select case when count(*) = 1 then (pg_catalog.jsonb_agg(o.result)) -> 0
                else pg_catalog.jsonb_object_agg(d.step, o.result) end
      from workflow_step d
      join workflow_run_step o on o.run = run_result.run and o.step = d.step
     where d.digest = run_result.digest
       and not exists (select from workflow_step n
                        where n.digest = d.digest and d.step = any (n.after));
$$;
