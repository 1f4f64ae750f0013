-- require_schedule_room: raise that there are as many schedules as there may be, a million, if so.
-- Internal: schedule().
--
-- They are counted only where that could be: up to the id in schedule_ceiling there is room for
-- sure.
--
-- Arguments   id: of the one that is about to be made.
-- Raises      BT059.
-- Tables      schedule: read.
create or replace function require_schedule_room(id bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    at_most constant bigint := 1000000;
    room    bigint;
begin
    if require_schedule_room.id <= pg_catalog.pg_sequence_last_value('schedule_ceiling') then
        return;
    end if;
    select at_most - count(*) into room from schedule;
    if room <= 0 then
        perform refuse_schedule('there are 1000000 schedules, and no more can be; remove some');
    end if;
    perform pg_catalog.setval('schedule_ceiling', require_schedule_room.id + room - 1);
end;
$$;
