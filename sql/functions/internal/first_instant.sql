-- first_instant: when the clocks of a zone show a time for the first time; where they never do,
-- because they were put forward, when that was. Internal: next_slot(), slot_after().
--
-- AT TIME ZONE gives the second one where there are two, and a time after the change where there is
-- none. So what it gives is looked at from both sides.
create or replace function first_instant(zone text, wall timestamp)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
declare
    guess   constant timestamptz := first_instant.wall at time zone first_instant.zone;
    back    interval;
    earlier timestamptz;
begin
    if guess at time zone first_instant.zone <> first_instant.wall then
        return offset_change(first_instant.zone, guess - interval '25 hours', guess);
    end if;
    foreach back in array array[interval '25 hours', interval '3 hours'] loop
        earlier := guess - back;
        earlier := (first_instant.wall - ((earlier at time zone first_instant.zone)
                                          - (earlier at time zone 'UTC'))) at time zone 'UTC';
        if earlier < guess and earlier at time zone first_instant.zone = first_instant.wall then
            return earlier;
        end if;
    end loop;
    return guess;
end;
$$;
