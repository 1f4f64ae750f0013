-- end_task_set: a task set is given up before it was published. Internal: end_set_by_hand(),
-- expire_task_sets(). The caller has locked its row.
--
-- Arguments   task_set: an open one. state: 'superseded': another one is to take its place;
--             'abandoned'. reason: for people to read.
-- Tables      task_set: update. task_set_touch: insert.
create or replace function end_task_set(task_set bigint, state text, reason text)
returns void
language sql
volatile
set search_path from current
as $$
    with ended as (
        update task_set s
           set state = end_task_set.state, ended_at = clock_timestamp(),
               clear_at = clock_timestamp(), reason = end_task_set.reason
         where s.id = end_task_set.task_set
        returning s.handler, s.key, s.state
    )
    insert into task_set_touch (handler, key)
    select e.handler, e.key from ended e where e.state = 'superseded';
$$;
