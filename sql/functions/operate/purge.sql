-- purge: cancel() for what waits of a handler: for a node, for a time, in a lane or for another
-- task. What nodes have goes on.
--
-- To be called again until it returns 0, in transactions of their own.
--
-- Arguments   handler: of which. reason: see cancel(). limit: at most so many, 1 to 100,000.
-- Returns     how many were cancelled.
-- Raises      BT037 nobody registered the handler. BT042 the limit is none. BT006 the transaction's
--             snapshot is fixed.
-- Locks       see pull_task().
-- Tables      requirement, task_in_lane, task_due, task: read. task_end, statistic_end:
--             insert. Ready tasks: see ready_of(). The tasks' places: see pull_task(); their lanes:
--             leave_lanes().
-- Cost        of the tasks that it takes, and of what waits for a time or in lanes of others.
-- Access: orchestrate
create or replace function purge(
    handler text, reason text default null, "limit" integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    found_one bigint;
    former    record;
    gone      bigint[] := '{}';
begin
    perform require_read_committed('purge');
    if purge."limit" between 1 and 100000 is not true then
        raise exception 'the limit of purge() cannot be %; give a number from 1 to 100000',
            coalesce(purge."limit"::text, 'null')
            using errcode = 'BT042';
    end if;
    perform require_handler(purge.handler);
    for found_one in
        select w.task
          from ((select q.task
                   from requirement r
                  cross join lateral ready_of(r.id, purge."limit") as q
                  where r.handler = purge.handler)
                 union all
                (select l.task
                   from task_in_lane l
                   join requirement r on r.id = l.requirement
                  where r.handler = purge.handler and not l.is_head)
                 union all
                (select d.task
                   from task_due d
                  cross join lateral (
                    select t.requirement from task t where t.id = d.task limit 1) as t
                   join requirement r on r.id = t.requirement
                  where r.handler = purge.handler)) as w
         limit purge."limit"
    loop
        select p.* into strict former
          from pull_task(found_one, array['waiting', 'due', 'following']) as p;
        continue when not former.is_pulled;
        gone := gone || found_one;
        insert into task_end (task, outcome, attempts, reason)
        values (found_one, 'cancelled', former.attempts,
                'cancelled by ' || session_user::text
                || coalesce(': ' || pg_catalog.left(purge.reason, 1000), ''));
        insert into statistic_end (task) values (found_one);
        perform note_step(found_one);
    end loop;
    perform leave_lanes(gone, false);
    return cardinality(gone);
end;
$$;
