-- publish_if_done: publish a task set, if it is sealed and all its members are done. Internal:
-- complete_member(), seal_task_set(), settle_task_sets(). The caller has locked its row, in a
-- statement before.
--
-- What stands in the way (dispatch refuses its events for now, as the log is too far behind) is
-- noted as the set's reason; maintain() tries again.
--
-- Arguments   task_set: an open one.
-- Returns     whether it is published now.
-- Tables      task_set: read, update. task_set_member: read. See publish_task_set().
create or replace function publish_if_done(task_set bigint)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    s       task_set;
    trouble text;
begin
    select t.* into strict s from task_set t where t.id = publish_if_done.task_set;
    if s.state <> 'open' or not s.is_sealed
       or exists (select from task_set_member m where m.task_set = s.id and m.done_at is null) then
        return false;
    end if;
    begin
        perform publish_task_set(s);
        return true;
    exception when others then
        get stacked diagnostics trouble = message_text;
        update task_set t
           set reason = 'it cannot be published: ' || pg_catalog.left(trouble, 1000)
         where t.id = s.id;
        return false;
    end;
end;
$$;
