-- ended_by: how a task ended, or failed, under this same claim of this node. Internal.
--
-- Arguments   token: of claim(), in its form. node: who shows it.
-- Returns     done, dead, failed; null where it did neither under this claim.
-- Tables      task_end, task_failure: read.
create or replace function ended_by(token text, node bigint)
returns text
language sql
stable
set search_path from current
as $$
    select coalesce(
        (select e.outcome
           from task_end e
          where e.task = shown.task and e.claim = shown.claim and e.node = ended_by.node),
        (select 'failed'
           from task_failure f
          where f.task = shown.task and f.claim = shown.claim and f.node = ended_by.node
            and f.outcome = 'failed'))
      from (select pg_catalog.split_part(ended_by.token, '.', 1)::bigint as task,
                   pg_catalog.split_part(ended_by.token, '.', 2)::bigint as claim) as shown;
$$;
