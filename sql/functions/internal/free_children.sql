-- free_children: tasks that waited for others to end, which have ended, go on: they are ready, or
-- due, or end as cancelled, as each of them says. Internal: call_back(), complete_many(),
-- maintain_children(), place_task().
--
-- What was made for one of these in a transaction that has not committed is not seen here:
-- maintain_children() finds it.
--
-- Arguments   parents: those that may have ended; null for none. at_most: so many of what waits for
--             each, and in all.
-- Returns     how many went on.
-- Locks       them; it passes by those that others are moving.
-- Notifies    nodes that sleep. Who waits for these tasks: see ring_waiters().
-- Tables      task_due: read, delete, insert. task_end: read, insert. statistic_end: insert.
--             See bring_back().
create or replace function free_children(parents bigint[], at_most integer)
returns integer
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
#variable_conflict use_column
declare
    tasks      bigint[];
    attempts   integer[];
    deliveries integer[];
    count      integer;
begin
    perform ring_waiters(free_children.parents);
    with ended as materialized (
        select e.task, e.outcome from task_end e where e.task = any (free_children.parents)
    ), freed as (
        delete from task_due
         where ctid = any (array(
            select c.ctid
              from ended e
             cross join lateral (
                select d.ctid
                  from task_due d
                 where d.after = e.task and (e.outcome = 'done' or d.when_failed <> 'hold')
                 order by d.task
                 limit free_children.at_most
                   for update skip locked) as c
             limit free_children.at_most))
        returning task_due.*
    ), going as materialized (
        select f.*, e.outcome,
               case when e.outcome <> 'done' and f.when_failed = 'cancel' then 'cancelled'
                    when f.follows is not null or f.not_before > clock_timestamp() then 'due'
                    else 'ready' end as goes
          from freed f
          join ended e on e.task = f.after
    ), cancelled as (
        insert into task_end (task, outcome, attempts, reason)
        select g.task, 'cancelled', g.attempts,
               pg_catalog.format('cancelled: it was to be done after task %s, which is %s',
                                 g.after, g.outcome)
          from going g
         where g.goes = 'cancelled'
    ), noted as (
        insert into statistic_end (task) select g.task from going g where g.goes = 'cancelled'
    ), due as (
        insert into task_due (due_at, task, attempts, deliveries, follows)
        select coalesce(g.not_before, clock_timestamp()), g.task, g.attempts, g.deliveries,
               g.follows
          from going g
         where g.goes = 'due'
    )
    select pg_catalog.array_agg(g.task order by g.task) filter (where g.goes = 'ready'),
           pg_catalog.array_agg(g.attempts::integer order by g.task)
               filter (where g.goes = 'ready'),
           pg_catalog.array_agg(g.deliveries::integer order by g.task)
               filter (where g.goes = 'ready'),
           count(*)
      into tasks, attempts, deliveries, count
      from going g;
    if tasks is not null then
        perform bring_back(tasks, attempts, deliveries);
    end if;
    return count;
end;
$$;
