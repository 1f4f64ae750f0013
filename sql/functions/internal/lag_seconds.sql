-- lag_seconds: for how long the oldest event that a view, or a follower, lacks has been in the log.
-- Internal: bookmark_problems(), bookmarks(), is_bookmark_late(), status_views(), versions().
--
-- Arguments   position: up to which the view has the events. head: the log's end.
-- Returns     0 where it lacks none.
-- Cost        an index probe.
-- Tables      batch: read.
create or replace function lag_seconds("position" bigint, head bigint)
returns numeric
language sql
stable
set search_path from current
as $$
    select case when lag_seconds.position >= lag_seconds.head then 0
                else (select round(extract(epoch from clock_timestamp() - b.recorded_at), 3)
                        from batch b
                       where b.first_position <= lag_seconds.position + 1
                       order by b.first_position desc
                       limit 1) end;
$$;
