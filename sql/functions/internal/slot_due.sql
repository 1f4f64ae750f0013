-- slot_due: when a slot of a schedule is to be made: its time, and its share of the jitter, which
-- is the same whoever asks. Internal: due_slots(), fire_schedule(), plan_next().
create or replace function slot_due(known schedule, slot schedule_slot)
returns timestamptz
language plpgsql
immutable
set search_path from current
as $$
declare
    share bigint;
begin
    if known.jitter = interval '0' then
        return slot.instant;
    end if;
    share := ('x' || pg_catalog.substr(pg_catalog.md5(pg_catalog.concat(
        known.name, '/', extract(epoch from slot.instant), '/', extract(epoch from slot.wall))),
        1, 8))::bit(32)::bigint;
    return slot.instant + known.jitter * (share / 4294967296.0::double precision);
end;
$$;
