-- lock_runs: lock the runs of which these tokens' tasks are steps, in the order of their numbers,
-- before the claims are locked. Internal: call_back(), complete_many().
--
-- So of the last tasks of a step one is the last, and sees what the others gave.
--
-- Arguments   tokens: of claim().
-- Raises      BT006 there is one, and the transaction's snapshot is fixed.
-- Tables      workflow_task: read. workflow_run: lock.
create or replace function lock_runs(tokens text[])
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    runs constant bigint[] := array(
        select distinct w.run
          from token_parts(lock_runs.tokens) as p
          join workflow_task w on w.task = p.task);
begin
    if runs = '{}' then
        return;
    end if;
    perform require_read_committed('complete');
    perform from workflow_run r where r.id = any (runs) order by r.id for no key update;
end;
$$;
