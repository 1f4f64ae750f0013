-- clear_task_sets: the rows of task sets that nobody can see any more are deleted, and the tasks of
-- those that were never published are cancelled. Internal: maintain_task_sets().
--
-- Arguments   pass_limit: at most so many tasks.
-- Returns     whether there are more.
-- Tables      task_set: read, update. task_set_pin, task_set_member, task_set_view, task_end: read.
--             task_set_input, task_set_output: delete. <view>__v<version>: delete. The tasks: see
--             cancel().
create or replace function clear_task_sets(pass_limit integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    over      task_set;
    cancelled integer := 0;
    running   bigint;
    shown     text;
begin
    for over in
        select s.* from task_set s
         where s.clear_at <= clock_timestamp() and s.cleared_at is null
         order by s.clear_at
         limit clear_task_sets.pass_limit
           for no key update skip locked
    loop
        for running in
            select m.task
              from task_set_member m
             where m.task_set = over.id and m.done_at is null
               and not exists (select from task_end e where e.task = m.task)
             limit clear_task_sets.pass_limit - cancelled
        loop
            perform cancel(running, pg_catalog.format('task set %s is %s', over.id, over.state));
            cancelled := cancelled + 1;
        end loop;
        if cancelled >= clear_task_sets.pass_limit then
            return true;
        end if;
        for shown in
            select v.view || '__v' || v.version::text
              from task_set_pin p
              join task_set_view v on v.handler = p.handler and v.version = p.version
             where p.task_set = over.id
        loop
            execute pg_catalog.format('delete from %I where task_set = $1', shown) using over.id;
        end loop;
        delete from task_set_input i where i.task_set = over.id;
        delete from task_set_output o where o.task_set = over.id;
        update task_set s set cleared_at = clock_timestamp() where s.id = over.id;
    end loop;
    return false;
end;
$$;
