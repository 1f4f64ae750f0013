-- partition_end: the last position at which an event of a partition of the log can be. Internal:
-- drop_event_partition(), take_bases().
--
-- A batch has all events of the partition behind it where the window before its own sees all of
-- their transactions; or its own window does, and it begins with higher ids, as a window is in
-- order of id. The transaction ids of events that came from another cluster mean nothing here
-- (origin_id.sql); all of these are behind the first window of this one. So what was restored goes
-- at once.
--
-- What a transaction that is open has put into the partition is seen by nobody: only who has locked
-- the partition knows that there is nothing more to come.
--
-- Arguments   first_id, upper_id: of the partition.
-- Returns     a position; null where some event of it is not in a batch, or that cannot be told
--             before the next batch.
-- Tables      event, batch, log_window, log_origin: read.
-- Cost        of one partition's newest transaction, by index, and of halving the batches.
create or replace function partition_end(first_id bigint, upper_id bigint)
returns bigint
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    origin  log_origin;
    top_xid xid8;
    low     bigint;
    high    bigint;
    middle  record;
begin
    select o.* into strict origin from log_origin o order by o.window_number desc limit 1;
    select e.xid into top_xid
      from event e
     where e.id >= partition_end.first_id and e.id < partition_end.upper_id
       and e.id > origin.after_id
     order by e.xid desc
     limit 1;
    select min(b.first_position), max(b.first_position + b.count) into low, high from batch b;
    if low is null then
        return null;
    end if;
    while low < high loop
        select b.first_position, b.count, b.after_id >= partition_end.upper_id - 1 as is_above,
               b.window_number - 1 > origin.window_number
               and pg_catalog.pg_snapshot_xmin(before.seen) > top_xid as was_seen,
               b.window_number > origin.window_number
               and pg_catalog.pg_snapshot_xmin(w.seen) > top_xid as is_seen,
               b.window_number > origin.window_number as is_native
          into strict middle
          from (select * from batch
                 where first_position <= low + (high - low) / 2
                 order by first_position desc
                 limit 1) as b
          join log_window w on w.number = b.window_number
          join log_window before on before.number = b.window_number - 1;
        if top_xid is null and middle.is_native or middle.was_seen
           or middle.is_seen and middle.is_above
        then
            high := middle.first_position;
        else
            low := middle.first_position + middle.count;
        end if;
    end loop;
    -- Nothing tells yet that no more is to come, save the newest batch, if it reaches the end.
    if low > log_end() and not exists (
        select from (select * from batch order by first_position desc limit 1) as b
          join log_window w on w.number = b.window_number
         where b.window_number > origin.window_number and b.last_id >= partition_end.upper_id - 1
           and (top_xid is null or pg_catalog.pg_snapshot_xmin(w.seen) > top_xid))
    then
        return null;
    end if;
    return low - 1;
end;
$$;
