-- ended_by: how a task ended, or failed, under this same claim of this node. Internal:
-- complete_many(), fail().
--
-- Arguments   token: of claim(). node: who shows it.
-- Returns     done, dead, cancelled, failed; null where it did neither under this claim.
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
          where e.task = p.task and e.claim = p.claim and e.node = ended_by.node),
        (select 'failed'
           from task_failure f
          where f.task = p.task and f.claim = p.claim and f.node = ended_by.node
            and f.outcome = 'failed'))
      from token_parts(array[ended_by.token]) as p;
$$;
