-- offset_change: when within a span of time the clocks of a zone are set. Internal: clock_slot(),
-- first_instant().
--
-- Arguments   lowest, highest: the span, in whole seconds; they are set in it once.
-- Returns     the first second by the new time.
create or replace function offset_change(zone text, lowest timestamptz, highest timestamptz)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    shown constant interval := (offset_change.lowest at time zone offset_change.zone)
                               - (offset_change.lowest at time zone 'UTC');
    before  timestamptz := offset_change.lowest;
    after   timestamptz := offset_change.highest;
    middle timestamptz;
begin
    while after - before > interval '1 second' loop
        middle := before + pg_catalog.make_interval(
            secs => pg_catalog.floor(extract(epoch from after - before) / 2)::double precision);
        if (middle at time zone offset_change.zone) - (middle at time zone 'UTC') = shown then
            before := middle;
        else
            after := middle;
        end if;
    end loop;
    return after;
end;
$$;
