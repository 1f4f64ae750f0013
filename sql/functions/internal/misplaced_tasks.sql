-- misplaced_tasks: tasks that stand at no place, or at two. Internal: check_tasks().
--
-- It looks at the newest thousand, at a thousand of any age, and at some of those that wait: at all
-- of them it would look for long.
--
-- Returns     the first five, as people read it; null where there is none.
-- Tables      task, requirement, task_ready, task_due, task_in_lane, task_end: read.
create or replace function misplaced_tasks()
returns text
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    with chance as materialized (
        select b.low + pg_catalog.floor(pg_catalog.random() * (b.high - b.low + 1))::bigint as id
          from (select min(t.id) as low, max(t.id) as high from task t) as b
         cross join pg_catalog.generate_series(1, 1000)
         where b.high is not null
    ), sample as materialized (
        (select t.id from task t order by t.id desc limit 1000)
         union
        select n.id
          from chance c
         cross join lateral (
            select t.id from task t where t.id >= c.id order by t.id limit 1) as n
         union
        select q.task
          from (select r.id from requirement r order by r.id desc limit 100) as r
         cross join lateral ready_of(r.id, 10) as q
         union
        (select d.task from task_due d order by d.due_at, d.task limit 1000)
         union
        (select l.task from task_in_lane l order by l.task limit 1000)
    ), held as materialized (
        select h.task from held_now(array(select s.id from sample s)) as h
    )
    select string_agg(pg_catalog.format('task %s is %s', m.id, coalesce(m.places, 'nowhere')), ', '
                      order by m.id)
      from (select s.id, string_agg(p.place, ' and ' order by p.place) as places
              from sample s
              left join lateral (
                select 'waiting' as place
                  from (select t.* from task t where t.id = s.id limit 1) as t
                 cross join lateral (
                    select from task_ready q
                     where q.requirement = t.requirement and q.rank = ready_rank(t.priority, false)
                       and q.place = t.id limit 1) as q
                 union all
                select 'waiting' from task_ready q where q.task = s.id and q.rank % 2 = 0
                 union all
                select 'due' from task_due d where d.task = s.id
                 union all
                select 'following' from task_in_lane l where l.task = s.id and not l.is_head
                 union all
                select e.outcome from task_end e where e.task = s.id
                 union all
                select 'claimed' from held h where h.task = s.id) as p on true
             group by s.id
            having count(p.place) <> 1
             order by s.id
             limit 5) as m;
$$;
