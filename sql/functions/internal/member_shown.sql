-- member_shown: the member of a task set whose claim a node shows. Internal: complete_member(),
-- read_set_log(), read_set_view().
--
-- Arguments   session: of register_node(). token: of claim().
-- Returns     the member's row.
-- Raises      BT038, BT032 see require_node(). BT042 the task is no member of a set.
-- Tables      task_set_member: read.
create or replace function member_shown(session text, token text)
returns task_set_member
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    shown task_set_member;
begin
    perform require_node(member_shown.session);
    select m.* into shown
      from token_parts(array[member_shown.token]) as p
      join task_set_member m on m.task = p.task;
    if shown.task is null then
        raise exception 'the task of claim % is no member of a task set',
            coalesce(pg_catalog.left(member_shown.token, 40), 'null')
            using errcode = 'BT042';
    end if;
    return shown;
end;
$$;
