-- is_position_reduced: does every live view have the events up to a position?
--
-- Arguments   position: in the log; one that it has not reached yet is not reduced.
-- Returns     true once every live view shows the event at the position; false before.
-- Raises      BT007 a view is halted before the position: it would wait for a person.
--             BT041 every live view is there, and some went on without the event at this position:
--             which ones. Of the events before it nothing is said.
-- Tables      batch, view_state, dead_event: read.
-- Access: dispatch, observe, orchestrate
create or replace function is_position_reduced("position" bigint)
returns boolean
language plpgsql
volatile
strict
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    nearest view_state;
begin
    if is_position_reduced.position > log_end() then
        return false;
    end if;

    -- One look for both: between two, a halted view could become one that is behind.
    select * into nearest
      from view_state s
     where s.state <> 'following' and s.position < is_position_reduced.position
     order by s.state = 'halted' desc, s.position
     limit 1;
    if nearest.state = 'halted' then
        -- Without the reason: it can quote the event, and whoever dispatches may read none.
        raise exception 'view % is halted at position %, before position %; see "baton dead list"',
            nearest.view, nearest.position, is_position_reduced.position
            using errcode = 'BT007';
    end if;
    if nearest.view is not null then
        return false;
    end if;
    perform require_alive(null::bigint, is_position_reduced.position);
    return true;
end;
$$;
