-- task_set_members: the members of a task set. For `baton task-sets show`.
--
-- Arguments   task_set: its id.
-- Returns     one row for each, by name. state: done; else of its task, see task_state().
-- Raises      BT042 there is no such set.
-- Tables      task_set, task_set_pin, task_set_member: read. The tasks: see task_standings().
-- Access: observe, orchestrate
create or replace function task_set_members(task_set bigint)
returns table (
    member text, task bigint, state text, attempts integer, done_at timestamptz, payload jsonb,
    handler text)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    if not exists (select from task_set s where s.id = task_set_members.task_set) then
        raise exception 'there is no task set %', coalesce(task_set_members.task_set::text, 'null')
            using errcode = 'BT042';
    end if;
    return query
        select m.member, m.task, case when m.done_at is not null then 'done' else p.state end,
               p.attempts::integer, m.done_at, m.payload::jsonb, pin.handler
          from task_set_member m
          join task_set_pin pin
            on pin.task_set = m.task_set and pin.requirement = m.requirement
          left join task_standings(array(select n.task from task_set_member n
                                          where n.task_set = task_set_members.task_set)) as p
            on p.task = m.task
         where m.task_set = task_set_members.task_set
         order by m.member collate "C";
end;
$$;
