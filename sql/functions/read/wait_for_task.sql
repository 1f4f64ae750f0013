-- wait_for_task: wait until a task has ended, and say how.
--
-- Call it after the COMMIT of the transaction that made the task. The pauses between looks grow
-- with the time waited, up to a quarter of a second, so a waiter hears of it at most that later
-- than it could have, and a thousand do not poll the server to death. The session holds a snapshot
-- while it waits.
--
-- Arguments   task: of enqueue(). timeout: how long to wait, at most a minute.
-- Returns     one row. state: done, dead, cancelled, replaced. result: of complete(). error: of its
--             last failure; of one that was cancelled, who did that, and why.
-- Raises      BT005 the time is over: nothing is wrong, it has not ended yet; why() says why.
--             BT006 it cannot succeed here: the task was made by this very transaction, or this
--             transaction's snapshot is fixed. BT042, BT050 see missing_task().
-- Tables      task, task_end: read.
-- Cost        of a look, an index probe in one partition.
-- Access: dispatch, node, observe, orchestrate
create or replace function wait_for_task(task bigint, timeout interval default '10 seconds')
returns table (state text, result jsonb, error text)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    started constant timestamptz := clock_timestamp();
    longest constant double precision := extract(
        epoch from least(wait_for_task.timeout, interval '1 minute'));
    waited  double precision := 0;
    made_by xid8;
begin
    perform require_read_committed('wait_for_task');
    select t.xid into made_by from task t where t.id = wait_for_task.task;
    if not found then
        perform missing_task(wait_for_task.task);
    elsif made_by = pg_catalog.pg_current_xact_id_if_assigned() then
        raise exception 'task % was made by this transaction, and nobody can do it before that '
            'commits: wait after the COMMIT',
            wait_for_task.task
            using errcode = 'BT006';
    end if;
    while not exists (select from task_end e where e.task = wait_for_task.task) loop
        waited := extract(epoch from clock_timestamp() - started);
        if waited >= longest then
            raise exception 'task % has not ended after % s; why(%) tells what it waits for',
                wait_for_task.task, round(longest::numeric, 3), wait_for_task.task
                using errcode = 'BT005';
        end if;
        perform pg_sleep(least(greatest(waited / 4, 0.001), 0.25, longest - waited));
    end loop;
    return query select s.state, s.result, s.error from task_state(wait_for_task.task) as s;
end;
$$;
