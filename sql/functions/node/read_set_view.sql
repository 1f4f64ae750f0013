-- read_set_view: the rows of a view as they were at a task set's input position, for its members.
--
-- Arguments   session: of register_node(). token: of claim(). view: one of the set's inputs.
-- Returns     the rows as JSON, in the order of the view's key.
-- Raises      BT042 the set keeps no such view. BT039 the task is this claim's no more. BT038,
--             BT032, BT042 see member_shown().
-- Tables      task_set: read. task_set_input: read.
-- Access: node
create or replace function read_set_view(session text, token text, view text)
returns setof jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    m    task_set_member := member_shown(read_set_view.session, read_set_view.token);
    kept text[] := (select s.inputs from task_set s where s.id = m.task_set);
begin
    perform require_held(read_set_view.session, read_set_view.token);
    if read_set_view.view = any (kept) is not true then
        raise exception 'task set % keeps no rows of view %; its inputs are: %', m.task_set,
            coalesce(pg_catalog.left(read_set_view.view, 80), 'null'),
            coalesce(nullif(pg_catalog.array_to_string(kept, ', '), ''), 'none')
            using errcode = 'BT042';
    end if;
    return query
        select i.row from task_set_input i
         where i.task_set = m.task_set and i.view = read_set_view.view
         order by i.ordinal;
end;
$$;
