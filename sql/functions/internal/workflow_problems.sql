-- workflow_problems: the runs of workflows that stand still until somebody does something: what
-- undoes them is dead, or maintain() could not do what there is to do. For status(); what no node
-- carries task_problems() tells. Internal.
--
-- Returns     lines for people, the first 20.
-- Cost        of the runs that are being undone, 1000 at most.
-- Tables      workflow_run, workflow_note, workflow_task: read.
create or replace function workflow_problems()
returns text[]
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select array(
        select pg_catalog.format('run %s of workflow %s is stuck: %s; %s', r.id, r.name, w.found,
                                 w.fix)
          from (select n.id, n.name from workflow_run n where n.state = 'compensating'
                 order by n.id limit 1000) as r
         cross join lateral why_workflow(r.id) as w
         where w.state = 'stuck'
         order by r.id
         limit 20)
        || array(
        select pg_catalog.format('run %s of a workflow does not go on: %s', w.run, n.trouble)
          from (select o.* from workflow_note o where o.look_at > '-infinity'
                 order by o.look_at limit 20) as n
          join workflow_task w on w.task = n.task
         where n.trouble is not null);
$$;
