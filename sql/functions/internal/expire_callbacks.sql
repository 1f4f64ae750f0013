-- expire_callbacks: what an endpoint took over, and did not call back for in time, has failed; and
-- callbacks that were over a day ago are forgotten. Internal: maintain().
--
-- Arguments   at_most: how many.
-- Returns     whether there may be more.
-- Locks       the callbacks, and their tasks; it passes by callbacks that just come.
-- Tables      task_callback: read, update, delete. task_due: see take_back(). See note_failure().
-- Cost        where nothing is late, of two looks at indexes.
create or replace function expire_callbacks(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    awaited task_callback;
    count   integer := 0;
begin
    for awaited in
        select c.* from task_callback c
         where c.outcome is null and c.until_at <= (select clock_timestamp())
         order by c.until_at
         limit expire_callbacks.at_most
           for update skip locked
    loop
        count := count + 1;
        if take_back(awaited) then
            perform note_failure(
                awaited.task, awaited.claim, awaited.node, awaited.claimed_at, awaited.attempts,
                awaited.deliveries + 1, 'failed',
                'its endpoint answered 202, and did not call back in time', null, false);
        end if;
        update task_callback c
           set outcome = 'late', over_at = clock_timestamp()
         where c.task = awaited.task and c.claim = awaited.claim;
    end loop;
    delete from task_callback c
     where ctid = any (array(
        select o.ctid from task_callback o
         where o.outcome is not null
           and o.over_at < (select clock_timestamp() - interval '1 day')
         order by o.over_at
         limit expire_callbacks.at_most));
    return count >= expire_callbacks.at_most;
end;
$$;
