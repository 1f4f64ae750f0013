-- drop_event_partition: drop the oldest partition of the log, if retention wants it gone and nobody
-- needs it. Internal: maintain(), which does nothing else in that transaction.
--
-- All of it or nothing: the partition, where the log begins, and what is said of it are one
-- transaction. It is looked at before the log is locked, and again under the lock, as a transaction
-- that was open may have put more into it. What waits for the lock in vain is left to another
-- pass, half a minute later: whoever comes behind it waits 50 ms at most.
--
-- Arguments   at_once: whenever the last time was.
-- Returns     whether one was dropped.
-- Locks       access exclusive on event, for which it waits 50 ms; the turn 'registration', so that
--             no version begins meanwhile; where somebody has it, nothing is done.
-- Tables      log_retention: read, update. event: lock. event_partition, turn: read. bookmark: see
--             cut_bookmarks(). Who needs it: see log_holds() and base_due().
-- Cost        of a look at one row; every half minute of partition_end().
create or replace function drop_event_partition(at_once boolean)
returns boolean
language plpgsql
volatile
set search_path from current
set lock_timeout = '50ms'
as $$
#variable_conflict use_column
declare
    oldest record;
    ends   bigint;
    met    text;
begin
    if not exists (
        select from log_retention r
         where r.only_row and (r.age is not null or r.bytes is not null)
           and (drop_event_partition.at_once
                or r.looked_at not between clock_timestamp() - interval '30 seconds'
                                       and clock_timestamp()))
    then
        return false;
    end if;
    select p.* into oldest from event_partition p order by p.first_id limit 1;
    if oldest.upper_id - 1 > event_id_value() or oldest.partition is null then
        update log_retention set looked_at = clock_timestamp(), waits_for = null where only_row;
        return false;
    end if;
    ends := partition_end(oldest.first_id, oldest.upper_id);
    if is_partition_old(ends) is not true then
        update log_retention
           set looked_at = clock_timestamp(),
               waits_for = case when ends is null
                                then 'a transaction is open that may have put more into it, or no '
                                     'event came behind it' end
         where only_row;
        return false;
    end if;
    perform cut_bookmarks();
    met := partition_hold(ends);
    if met is null then
        begin
            perform from turn where name = 'registration' for update nowait;
            lock table event in access exclusive mode;
            ends := partition_end(oldest.first_id, oldest.upper_id);
            met := partition_hold(ends);
            if met is null and is_partition_old(ends) then
                execute pg_catalog.format('drop table %s', oldest.partition);
                update log_retention r
                   set begins_after = greatest(r.begins_after, ends),
                       gone_to_id = oldest.upper_id - 1, dropped_at = clock_timestamp(),
                       looked_at = clock_timestamp(), waits_for = null
                 where r.only_row;
                raise log 'baton: the log of % begins after position % now', current_schema(), ends;
                return true;
            end if;
        exception when lock_not_available then
            met := 'somebody else works with the log or registers a version just now';
        end;
    end if;
    update log_retention set looked_at = clock_timestamp(), waits_for = met where only_row;
    return false;
end;
$$;
