-- slot_text: a slot as whoever gets its task or event is told. Internal: fire_slot(),
-- preview_schedule(), schedule_runs(), schedules().
--
-- Returns     what the clocks of the zone show, and how far they are from UTC:
--             '2026-03-29T02:30:00+02:00'.
create or replace function slot_text(slot schedule_slot, zone text)
returns text
language plpgsql
stable
set search_path from current
as $$
declare
    ahead constant numeric := extract(epoch from (slot.instant at time zone slot_text.zone)
                                                 - (slot.instant at time zone 'UTC'));
begin
    return pg_catalog.to_char(slot.wall, 'YYYY-MM-DD"T"HH24:MI:SS')
        || case when ahead < 0 then '-' else '+' end
        || pg_catalog.to_char(pg_catalog.make_interval(secs => abs(ahead)::double precision),
                              case when ahead % 60 = 0 then 'HH24:MI' else 'HH24:MI:SS' end);
end;
$$;
