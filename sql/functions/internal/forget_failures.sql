-- forget_failures: delete the failures of tasks whose partition was dropped. Internal:
-- forget_history().
--
-- Arguments   at_most: how many.
-- Tables      task_failure: delete. task_partition: read, update. task: read.
create or replace function forget_failures(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    dropped task_partition;
    deleted integer;
begin
    select p.* into dropped
      from task_partition p
     where p.dropped_at is not null and p.failures
     order by p.first_id
     limit 1;
    if dropped.first_id is null then
        return;
    end if;
    delete from task_failure
     where (task, claim) in (
        select f.task, f.claim
          from task_failure f
         where f.task >= dropped.first_id and f.task < dropped.upper_id
           and not exists (select from task t where t.id = f.task)
         order by f.task, f.claim
         limit forget_failures.at_most);
    get diagnostics deleted = row_count;
    if deleted < forget_failures.at_most then
        update task_partition set failures = false where first_id = dropped.first_id;
    end if;
end;
$$;
