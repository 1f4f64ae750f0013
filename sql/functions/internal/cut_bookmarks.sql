-- cut_bookmarks: a bookmark that lags behind for longer than it may holds nothing back any more;
-- its holder hears of it at its next read. Internal: drop_event_partition(), maintain().
--
-- Returns     how many were cut.
-- Tables      bookmark: read, update.
create or replace function cut_bookmarks()
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    late bookmark;
    cut  integer := 0;
begin
    -- One that a follower is about to move is not late once that is done.
    for late in select b.* from bookmark b where is_bookmark_late(b) for update skip locked loop
        exit when unadopted() is not null;
        update bookmark b
           set cut_at = clock_timestamp(),
               cut_reason = pg_catalog.format(
                   'the oldest event that it had not done with, at position %s, was older than %s',
                   late.position + 1, late.lag_longest)
         where b.id = late.id;
        cut := cut + 1;
        raise log 'baton: bookmark % of % was cut', late.name, current_schema();
    end loop;
    return cut;
end;
$$;
