-- event_id_value: the highest event id that was drawn so far, committed or not; 0 for none.
-- Internal.
--
-- A sequence's value is outside of snapshots: this is the value at the moment of the call.
create or replace function event_id_value()
returns bigint
language sql
volatile
set search_path from current
as $$
    select case when is_called then last_value else last_value - 1 end from event_id_seq;
$$;
