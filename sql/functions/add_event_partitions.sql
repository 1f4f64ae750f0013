-- add_event_partitions: have partitions of event for the next ids, well before they are needed.
-- Internal, for the leader.
--
-- A partition is attached rather than created in place, because ATTACH lets writers go on. Ids that
-- the default partition took, because dispatch was faster than we were, stay there: the new
-- partition starts above them.
--
-- Arguments   rows: how many ids a partition holds.
-- Returns     how many partitions were added.
-- Locks       share update exclusive on event, access exclusive on the default partition;
--             waits for them no longer than lock_timeout, and can be tried again (55P03).
-- Tables      event: read, attach.
create or replace function add_event_partitions(rows bigint default 10000000)
returns integer
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '50ms'
as $$
declare
    top_id    bigint;
    first_id  bigint;
    partition text;
    added     integer := 0;
begin
    loop
        select coalesce(max(upper_id), 1) into top_id from event_partition;
        exit when top_id > event_id_value() + rows;

        -- Locked first, so that nobody puts more into it between our look and the ATTACH. Near
        -- the edge the new partition begins well above: a statement that runs now does not know
        -- it, and would fail if it reached its ids.
        lock table event_default in access exclusive mode;
        first_id := top_id;
        if event_id_value() > 0 and event_id_value() + rows / 10 >= top_id then
            first_id := event_id_value() + 1 + rows;
        end if;
        partition := 'event_from_' || first_id;
        execute format('create table %I (like event including defaults including constraints)',
            partition);
        execute format('alter table event attach partition %I for values from (%s) to (%s)',
            partition, first_id, first_id + rows);
        added := added + 1;
    end loop;
    return added;
end;
$$;
