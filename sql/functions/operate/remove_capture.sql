-- remove_capture: the changes of a table make no events any more. For the environment's owner.
--
-- Events that there are stay. The table may be gone by now.
--
-- Arguments   relation: the table, as capture_table() takes it. event_type: null: of all types.
-- Returns     how many captures were taken away.
-- Raises      BT061 there is none. 42501 the current role is not the environment's owner.
-- Locks       the table, and its parts, against everybody, until the transaction ends. Waits for
--             each no longer than lock_timeout.
-- Tables      capture: delete.
create or replace function remove_capture(relation text, event_type text default null)
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    one     bigint;
    removed integer := 0;
begin
    perform require_capturer();
    for one in select c from captures_of(remove_capture.relation, remove_capture.event_type) as c
    loop
        -- With its triggers: to drop those by themselves is for the tables' owners.
        if capture_function(one) is not null then
            execute pg_catalog.format('drop function %I() cascade',
                                      pg_catalog.concat('capture_', one));
        end if;
        delete from capture k where k.id = one;
        removed := removed + 1;
    end loop;
    return removed;
end;
$$;
