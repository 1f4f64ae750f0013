-- open_next_set: open a task set like a former one, by the version that is live now, from the end
-- of the log. Internal: open_next_sets().
--
-- What stands in the way is noted at the touch, for `status`, and it is tried again.
--
-- Arguments   former: the newest one of its key; it has ended. touch: why.
-- Tables      task_set, task_set_pin, task_set_member, requirement: read. task_set_touch: update,
--             delete. See open_set().
create or replace function open_next_set(former bigint, touch bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    s       task_set;
    labels  text[];
    trouble text;
begin
    select t.* into strict s from task_set t where t.id = open_next_set.former;
    select r.labels into strict labels
      from task_set_pin p join requirement r on r.id = p.requirement
     where p.task_set = s.id limit 1;
    s.deadline_at := clock_timestamp() + (s.deadline_at - s.opened_at);
    begin
        perform open_set(s, (
            select coalesce(pg_catalog.jsonb_object_agg(m.member, case
                       when s.build is not null then m.payload::jsonb
                       else pg_catalog.jsonb_build_object('handler', p.handler,
                                                          'payload', m.payload) end), '{}')
              from task_set_member m
              join task_set_pin p on p.task_set = s.id and p.requirement = m.requirement
             where m.task_set = s.id), labels);
        delete from task_set_touch t where t.id = open_next_set.touch;
    exception when others then
        get stacked diagnostics trouble = message_text;
        update task_set_touch t
           set reason = pg_catalog.left(trouble, 1000)
         where t.id = open_next_set.touch;
    end;
end;
$$;
