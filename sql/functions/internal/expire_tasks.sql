-- expire_tasks: end what nobody has by the time after which it is worth nothing: see enqueue().
-- Internal: maintain().
--
-- What a node has goes on; should it come back, it ends here a few seconds later.
--
-- Arguments   at_most: at how many it looks.
-- Returns     whether there may be more.
-- Locks       the tasks; it passes by those that others are taking or moving.
-- Tables      task_expiry: read, update, delete. task_ready, task_due, task_in_lane: delete.
--             task_end, statistic_end: insert. task: read. See task_standings(), leave_lanes().
-- Cost        where nothing expires, of a look at an index.
create or replace function expire_tasks(at_most integer)
returns boolean
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
    over  bigint[];
    ended bigint[];
begin
    over := array(
        select x.task from task_expiry x
         where x.look_at <= (select clock_timestamp())
         order by x.look_at
         limit expire_tasks.at_most
           for update skip locked);
    if over = '{}' then
        return false;
    end if;
    with standing as materialized (
        select s.* from task_standings(over) as s
    ), waiting as (
        delete from task_ready where ctid = any (array(
            select q.ctid
              from standing s
             cross join lateral (
                select r.ctid from task_ready r
                 where r.requirement = s.requirement and r.rank = s.rank and r.place = s.place
                   for update skip locked) as q
             where s.state = 'waiting'))
        returning task, attempts
    ), due as (
        delete from task_due where ctid = any (array(
            select d.ctid from task_due d where d.task = any (over) for update skip locked))
        returning task, attempts
    ), in_lane as (
        delete from task_in_lane where ctid = any (array(
            select l.ctid from task_in_lane l
             where l.task = any (over) and not l.is_head for update skip locked))
        returning task, attempts
    ), gone as (
        insert into task_end (task, outcome, attempts, reason)
        select w.task, 'cancelled', w.attempts,
               pg_catalog.format('cancelled: it expired at %s', x.expires_at)
          from (select * from waiting union all select * from due union all select * from in_lane)
               as w
          join task_expiry x on x.task = w.task
        returning task
    )
    select coalesce(pg_catalog.array_agg(g.task), '{}') into ended from gone g;
    insert into statistic_end (task) select e.task from pg_catalog.unnest(ended) as e (task);
    perform leave_lanes(ended, false);
    -- What has ended, also before, and what is forgotten.
    delete from task_expiry x
     where x.task = any (over)
       and (x.task = any (ended)
            or exists (select from task_end e where e.task = x.task)
            or not exists (select from task t where t.id = x.task));
    update task_expiry x
       set look_at = clock_timestamp() + interval '5 seconds'
     where x.task = any (over);
    return cardinality(over) = expire_tasks.at_most;
end;
$$;
