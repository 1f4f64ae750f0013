-- watch_tasks: which of these tasks have ended, and how; and from now on be told when one of the
-- others is done. One session waits so for any number of tasks, and nobody polls for each.
--
-- `listen "baton_wait_<waiter>"` first, then call this, and once more where it says that there are
-- new ones: what is done until then is found, what is done later notifies that channel. How else a
-- task ends (dead, cancelled, replaced) notifies nobody, nor may a completion that was committing
-- in just that moment: so whoever waits calls this every second, too.
--
-- Arguments   waiter: any uuid, of this waiter alone. Null: only look; so a waiter polls who cannot
--             listen. tasks: all that it waits for now, 10000 at most, in place of what it said
--             before; '{}' where it waits no more.
-- Returns     one row for each that has ended or is not there. state, result, error: as
--             wait_for_task(). code: why it is not there: BT042 there never was one, BT050 it is
--             forgotten; error says so.
--   And one row whose task is null, where some were not watched before: call it once more.
-- Raises      BT042 too many tasks. BT006 the transaction's snapshot is fixed.
-- Tables      task_watch: read, insert, delete. task, task_end: read.
-- Cost        an index probe for each task; a row for each that has not ended, the first time.
-- Access: dispatch, node, observe, orchestrate
create or replace function watch_tasks(waiter uuid, tasks bigint[])
returns table (task bigint, state text, result jsonb, error text, code text)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    added integer := 0;
begin
    perform require_read_committed('watch_tasks');
    if coalesce(cardinality(watch_tasks.tasks), 0) > 10000 then
        raise exception 'one waiter cannot wait for % tasks: name 10000 at most',
            cardinality(watch_tasks.tasks)
            using errcode = 'BT042';
    end if;
    return query
        select s.task, s.state, s.result, s.error, s.code
          from (select distinct w.task from pg_catalog.unnest(watch_tasks.tasks) as w (task)) as w
         cross join lateral ended_task(w.task) as s;
    if watch_tasks.waiter is null then
        return;
    end if;
    delete from task_watch w
     where w.waiter = watch_tasks.waiter
       and (w.task <> all (coalesce(watch_tasks.tasks, '{}'))
            or exists (select from task_end e where e.task = w.task));
    with watched as (
        insert into task_watch (task, waiter)
        select distinct n.task, watch_tasks.waiter
          from pg_catalog.unnest(watch_tasks.tasks) as n (task)
         where not exists (select from task_watch w
                            where w.task = n.task and w.waiter = watch_tasks.waiter)
           and not exists (select from task_end e where e.task = n.task)
           and exists (select from task t where t.id = n.task)
        on conflict do nothing
        returning 1
    )
    select count(*) into added from watched;
    if added > 0 then
        -- Only where it is silent: each call would be a write of its own.
        if pg_catalog.pg_sequence_last_value('task_parents') is null then
            perform pg_catalog.setval('task_parents', 1, true);
        end if;
        return query select null::bigint, null::text, null::jsonb, null::text, null::text;
    end if;
end;
$$;
