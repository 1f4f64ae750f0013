-- find_tasks: take what waits for a node; where nothing is ready, make what waits in lanes ready,
-- and take of that. Internal: claim().
--
-- Arguments   see take_tasks(). is_fair: whether the handler's lanes share its nodes.
-- Returns     the claim's id; null where there was nothing.
-- Locks       see take_tasks(), share_lanes(), fill_lanes().
-- Cost        of the tasks that it takes. Who finds tasks looks for no more of them in lanes.
create or replace function find_tasks(
    node bigint, handler text, requirements integer[], count integer, is_fair boolean)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    new_id bigint := take_tasks(find_tasks.node, find_tasks.handler, find_tasks.requirements,
                                find_tasks.count);
    filled integer;
begin
    if new_id is not null or find_tasks.requirements is null then
        return new_id;
    end if;
    if find_tasks.is_fair then
        filled := share_lanes(find_tasks.handler, find_tasks.requirements, find_tasks.count);
    else
        filled := fill_lanes(find_tasks.handler, 256);
    end if;
    if filled > 0 then
        new_id := take_tasks(find_tasks.node, find_tasks.handler, find_tasks.requirements,
                             find_tasks.count);
    end if;
    return new_id;
end;
$$;
