-- enter_recorded: let batch_event show recorded events, read again. Internal.
--
-- Arguments   after_position, count: the events at the positions that follow after_position.
create or replace function enter_recorded(after_position bigint, count integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform set_config('baton.recorded_after', after_position::text, true),
            set_config('baton.recorded_count', count::text, true),
            set_config('baton.part', 'recorded', true);
end;
$$;
