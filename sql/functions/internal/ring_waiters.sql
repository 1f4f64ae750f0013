-- ring_waiters: tell those who wait for these tasks that they have ended. Internal:
-- free_children(), where somebody waits at all.
--
-- Arguments   tasks: which.
-- Notifies    the channels of the waiters; one a waiter and transaction, however many tasks.
-- Tables      task_watch: read.
create or replace function ring_waiters(tasks bigint[])
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    perform pg_catalog.pg_notify('baton_wait_' || w.waiter::text, '')
       from task_watch w
      where w.task = any (ring_waiters.tasks);
end;
$$;
