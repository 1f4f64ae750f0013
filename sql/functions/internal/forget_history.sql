-- forget_history: have room for the next tasks, and forget those that ended long enough ago; and
-- nodes that ended. Internal: maintain().
--
-- What waits for a lock in vain is left to another pass, ten seconds later: whoever comes behind it
-- waits 50 ms at most.
--
-- Arguments   at_once: whenever the last time was.
-- Tables      maintenance: read, update. node: delete. task_claim: read. task, task_end: see
--             add_task_partitions(), drop_task_partition() and sweep_tasks(). task_failure: see
--             forget_failures(). What is gone of the log: see
--             forget_batches() and forget_records(). schedule_run: see forget_schedule_runs().
create or replace function forget_history(at_once boolean)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if forget_history.at_once is not true
       and exists (select from maintenance m
                    where m.only_row
                      and m.history_at between clock_timestamp() - interval '10 seconds'
                                           and clock_timestamp())
    then
        return;
    end if;
    update maintenance set history_at = clock_timestamp() where only_row;
    begin
        perform add_task_partitions();
        perform drop_task_partition();
    exception when lock_not_available then
        null;
    end;
    perform sweep_tasks(1000);
    perform forget_failures(10000);
    perform forget_schedule_runs(10000);
    perform forget_workflow_runs(1000);
    perform forget_batches(10000), forget_records(1000);
    delete from node n
     where n.ended_at < clock_timestamp() - interval '1 hour'
       and not exists (select from task_claim c where c.node = n.id);
end;
$$;
