-- member_of: of which task set a task is a member, for the node that claimed it.
--
-- Arguments   session: of register_node(). token: of claim().
-- Returns     one row; none where it is a task of its own.
--   task_set, key, member  which one. input_position: up to where the set reads the log.
--   is_open     whether the set still waits for it; else there is no use in going on.
-- Raises      BT039 the task is this claim's no more. BT038, BT032 see require_node().
-- Tables      task_set_member, task_set: read.
-- Access: node
create or replace function member_of(session text, token text)
returns table (
    task_set bigint, key text, member text, input_position bigint, is_open boolean)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    perform require_held(member_of.session, member_of.token);
    return query
        select s.id, s.key, m.member, s.input_position, s.state = 'open'
          from token_parts(array[member_of.token]) as p
          join task_set_member m on m.task = p.task
          join task_set s on s.id = m.task_set;
end;
$$;
