-- backfill_schedule: make what a schedule would have made in some time that has passed: of each
-- slot of which nothing was made. Where overlap is skip, nothing much would come of it, so it has a
-- policy of its own.
--
-- Arguments   name: which. from_at, until_at: of which time, both included. overlap: 'queue', one
--             after the other, or 'allow', all at once; of events it is of no matter. at_most: at
--             so many slots it looks, 1 to 1000.
-- Returns     made: how many. next_from: where it stopped; call it again with that. Null: it is
--             done.
-- Raises      BT049 this is a copy that nobody adopted. BT059 the time or overlap is none. BT060
--             see require_schedule(). See enqueue() and dispatch().
-- Locks       the schedule, until the transaction ends.
-- Tables      see fire_slot().
-- Access: orchestrate
create or replace function backfill_schedule(
    name text, from_at timestamptz, until_at timestamptz, overlap text default 'queue',
    at_most integer default 1000)
returns table (made integer, next_from timestamptz)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    known schedule;
    slot  schedule_slot;
    limit_left integer := backfill_schedule.at_most;
begin
    perform require_adopted();
    known := require_schedule(backfill_schedule.name);
    if (backfill_schedule.from_at between '1970-01-01 00:00:00+00' and backfill_schedule.until_at
        and backfill_schedule.until_at <= clock_timestamp()
        and backfill_schedule.overlap in ('queue', 'allow') and limit_left between 1 and 1000)
       is not true
    then
        perform refuse_schedule('a backfill is from a time on until another one that has passed, '
                                'with overlap queue or allow, of 1 to 1000 slots at a time');
    end if;
    made := 0;
    slot := slot_after(known.plan, known.zone, greatest(backfill_schedule.from_at, known.starts_at)
                                               - interval '1 microsecond');
    while slot.instant <= least(backfill_schedule.until_at, known.ends_at) loop
        if limit_left = 0 then
            next_from := slot.instant;
            exit;
        end if;
        limit_left := limit_left - 1;
        if fire_slot(known, slot, 'backfill', backfill_schedule.overlap) is not null then
            made := made + 1;
        end if;
        slot := next_slot(known.plan, known.zone, slot);
    end loop;
    return next;
end;
$$;
