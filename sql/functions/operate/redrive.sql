-- redrive: retry_task() for the dead tasks of a handler, the oldest first, those with a unique key
-- and members of task sets after the others. Those that were cancelled stay so.
--
-- Two at once take different ones. To be called again until it returns less than the limit, in
-- transactions of their own.
--
-- Arguments   handler: of which. limit: at most so many, 1 to 100,000.
-- Returns     how many wait again.
-- Raises      BT037 nobody registered the handler. BT042 the limit is none. BT006 the transaction's
--             snapshot is fixed.
-- Locks       the tasks, until the transaction ends; it passes by those that others are retrying.
-- Tables      task_end: delete. task, requirement: read. task_ready: see bring_back().
-- Cost        of the dead tasks, of any handler, up to the last one that it takes.
-- Access: orchestrate
create or replace function redrive(handler text, "limit" integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    tasks bigint[];
    keyed bigint;
    went  integer;
begin
    perform require_read_committed('redrive');
    if redrive."limit" between 1 and 100000 is not true then
        raise exception 'the limit of redrive() cannot be %; give a number from 1 to 100000',
            coalesce(redrive."limit"::text, 'null')
            using errcode = 'BT042';
    end if;
    perform require_handler(redrive.handler);
    with ended as (
        delete from task_end e
         where e.outcome = 'dead'
           and e.task = any (array(
            select d.task
              from task_end d
              join task t on t.id = d.task
              join requirement r on r.id = t.requirement
             where d.outcome = 'dead' and r.handler = redrive.handler and t.unique_key is null
               and r.build is null
             order by d.task
             limit redrive."limit"
               for update of d skip locked))
        returning e.task
    )
    select pg_catalog.array_agg(e.task order by e.task) into tasks from ended e;
    went := bring_back(tasks, null, null);

    -- And those with keys, members of task sets, and steps of workflows: as far as they may.
    for keyed in
        select d.task
          from task_end d
          join task t on t.id = d.task
          join requirement r on r.id = t.requirement
         where d.outcome = 'dead' and r.handler = redrive.handler
           and (t.unique_key is not null or r.build is not null)
         order by d.task
    loop
        exit when went >= redrive."limit";
        went := went + (retry_task(keyed) in ('waiting', 'following'))::integer;
    end loop;
    return went;
end;
$$;
