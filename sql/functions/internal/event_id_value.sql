-- event_id_value: the highest event id that was drawn so far, committed or not; 0 for none.
-- Internal.
--
-- A sequence's value is outside of snapshots: this is the value at the moment of the call. An id
-- drawn after the call is higher. That holds only for who reads the sequence under the lock that
-- nextval() holds, as pg_sequence_last_value() does. A SELECT from the sequence does not take it,
-- and sees, for a moment, the value 32 draws ahead that nextval() writes to the WAL: windows that
-- began at such a value lost the events of those ids.
--
-- Before the first draw there is no last value, but where the sequence begins. Read first, it is
-- right if even thereafter nothing was drawn.
create or replace function event_id_value()
returns bigint
language plpgsql
volatile
set search_path from current
as $$
declare
    begins_after bigint := (select s.last_value - 1 from event_id_seq s);
begin
    return coalesce(pg_catalog.pg_sequence_last_value('event_id_seq'), begins_after);
end;
$$;
