-- bring_back: tasks that were elsewhere are ready again, in this order, before those of their
-- priority that were never handed out. Internal: hand_back(), ready_due(), redrive(),
-- release_many(), retry_task(). The caller has taken them from where they were.
--
-- Arguments   tasks: which. attempts, deliveries: what was counted so far, one for each task; null:
--             nothing.
-- Returns     how many.
-- Tables      task_ready: insert. task: read.
create or replace function bring_back(tasks bigint[], attempts integer[], deliveries integer[])
returns integer
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
    count integer;
begin
    -- raise_floors() relies on "xid taken, then place drawn".
    perform pg_current_xact_id();
    insert into task_ready (requirement, rank, place, task, attempts, deliveries)
    select t.requirement, ready_rank(t.priority, true), pg_catalog.nextval('task_place'), b.task,
           coalesce(b.attempts, 0), coalesce(b.deliveries, 0)
      from unnest(bring_back.tasks, bring_back.attempts, bring_back.deliveries) with ordinality
           as b (task, attempts, deliveries, ordinal)
      join task t on t.id = b.task
     order by b.ordinal;
    get diagnostics count = row_count;
    return count;
end;
$$;
