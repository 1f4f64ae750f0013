-- live_tasks: those of a range of ids that have not ended, and those whose claim or unique key has
-- still to be cleared away, which another one follows, for which a lane stands still, or whose task
-- set still looks at them; and those that failed to undo a step, for which a run stands still.
-- Internal: drop_task_partition(), sweep_tasks().
--
-- Arguments   first_id, upper_id: from and below. at_most: how many.
-- Returns     the tasks; is_held: it is not, or not only, one that waits.
-- Tables      task_floor, task_ready, task_due, task_in_lane, task_end, task_claim, task_key,
--             task_set_member, task_set, workflow_run, workflow_task: read.
-- Cost        some index probes, and of what nodes hold.
create or replace function live_tasks(first_id bigint, upper_id bigint, at_most integer)
returns table (task bigint, is_held boolean)
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    (select h.task, true
       from task_claim c
      cross join lateral pg_catalog.unnest(c.tasks) as h (task)
      where h.task >= live_tasks.first_id and h.task < live_tasks.upper_id
        and h.task <> all (c.returned)
      limit live_tasks.at_most)
     union all
    (select q.task, false
       from (select distinct f.requirement, f.rank from task_floor f where f.rank % 2 = 1) as f
      cross join lateral (
        select r.task
          from task_ready r
         where r.requirement = f.requirement and r.rank = f.rank
           and r.place >= live_tasks.first_id and r.place < live_tasks.upper_id
         limit live_tasks.at_most) as q)
     union all
    (select r.task, false
       from task_ready r
      where r.rank % 2 = 0
        and r.task >= live_tasks.first_id and r.task < live_tasks.upper_id
      limit live_tasks.at_most)
     union all
    (select d.task, false
       from task_due d
      where d.task >= live_tasks.first_id and d.task < live_tasks.upper_id
      limit live_tasks.at_most)
     union all
    (select k.task, true
       from task_key k
      where k.task >= live_tasks.first_id and k.task < live_tasks.upper_id
      limit live_tasks.at_most)
     union all
    (select m.task, true
       from task_set_member m
       join task_set s on s.id = m.task_set and s.cleared_at is null
      where m.task >= live_tasks.first_id and m.task < live_tasks.upper_id and m.done_at is null
      limit live_tasks.at_most)
     union all
    (select d.follows, true
       from task_due d
      where d.follows >= live_tasks.first_id and d.follows < live_tasks.upper_id
      limit live_tasks.at_most)
     union all
    (select d.after, true
       from task_due d
      where d.after >= live_tasks.first_id and d.after < live_tasks.upper_id
      limit live_tasks.at_most)
     union all
    (select l.task, l.is_head and exists (select from task_end e where e.task = l.task)
       from task_in_lane l
      where l.task >= live_tasks.first_id and l.task < live_tasks.upper_id
      limit live_tasks.at_most)
     union all
    (select w.task, true
       from workflow_run r
       join workflow_task w on w.run = r.id and w.round = r.round and w.is_undo
       join task_end e on e.task = w.task and e.outcome <> 'done'
      where r.state = 'compensating'
        and w.task >= live_tasks.first_id and w.task < live_tasks.upper_id
      limit live_tasks.at_most)
$$;
