-- keep_statistics: count what happened since the last time. Internal: maintain(), every five
-- seconds; clear_claims() counts tasks in between.
--
-- Each pass is bounded, so a backlog takes several.
--
-- Arguments   at_once: whenever the last time was.
-- Returns     whether there is more to count.
-- Tables      statistic_progress: read, update. task_claim, statistic_claim: read. See
--             count_events(), count_ends(), count_tasks(), roll_statistics().
create or replace function keep_statistics(at_once boolean)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    events_max constant integer := 20000;
    rows_max   constant integer := 2000;
    progress   statistic_progress;
    claims     bigint[];
    is_behind  boolean;
begin
    select p.* into strict progress from statistic_progress p where p.only_row;
    -- A clock that was set back leaves a time in the future.
    if keep_statistics.at_once is not true
       and progress.counted_at between clock_timestamp() - interval '5 seconds'
                                   and clock_timestamp()
    then
        return false;
    end if;
    claims := array(select o.claim from statistic_claim o order by o.claim limit 1000);
    if claims <> '{}' then
        perform count_tasks(claims, true);
    end if;
    if keep_statistics.at_once
       or not progress.parts_at between clock_timestamp() - interval '1 minute'
                                    and clock_timestamp()
    then
        perform count_tasks(
            array(select c.id from task_claim c
                   where c.claimed_at < (select clock_timestamp()) - interval '10 seconds'
                     and cardinality(c.tasks) > 1
                   order by c.id
                   limit 1000), false);
        update statistic_progress set parts_at = clock_timestamp() where only_row;
    end if;
    is_behind := greatest(count_events(events_max) >= events_max,
                          count_ends(rows_max) >= rows_max,
                          roll_statistics(rows_max), cardinality(claims) >= 1000);
    update statistic_progress
       set counted_at = case when is_behind then counted_at else clock_timestamp() end
     where only_row;
    return is_behind;
end;
$$;
