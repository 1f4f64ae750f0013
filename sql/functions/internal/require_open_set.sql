-- require_open_set: the row of a task set that is open. Internal: add_to_task_set(),
-- end_set_by_hand(), seal_task_set(). The caller has locked it.
--
-- Arguments   task_set: its id.
-- Raises      BT042 there is no such set. BT051 it has ended; the message says which one took its
--             place.
-- Tables      task_set: read.
create or replace function require_open_set(task_set bigint)
returns task_set
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    known task_set;
begin
    select s.* into known from task_set s where s.id = require_open_set.task_set;
    if known.id is null then
        raise exception 'there is no task set %',
            coalesce(require_open_set.task_set::text, 'null')
            using errcode = 'BT042';
    elsif known.state <> 'open' then
        raise exception 'task set % is %', known.id,
            known.state || coalesce(': ' || known.reason, '')
            || coalesce('; set ' || (select s.id from task_set s
                                   where s.handler = known.handler and s.key = known.key
                                     and s.state = 'open')::text || ' took its place', '')
            using errcode = 'BT051';
    end if;
    return known;
end;
$$;
