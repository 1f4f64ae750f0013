-- enter_recorded: let batch_event show recorded events, read again. Internal.
--
-- Arguments   after_position, count: the events at the positions that follow after_position.
-- Access: orchestrate
create or replace function enter_recorded(after_position bigint, count integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    -- All that batch_event reads must be there, also where it is not meant.
    perform enter_slice(0, '0', '1:1:', '1:1:', '{}', 0, 0, 0, 0);
    perform set_config('baton.recorded_after', after_position::text, true),
            set_config('baton.recorded_count', count::text, true),
            set_config('baton.part', 'recorded', true);
end;
$$;
