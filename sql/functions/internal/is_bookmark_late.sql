-- is_bookmark_late: whether a bookmark lags behind for longer than it may. Internal:
-- bookmark_problems(), cut_bookmarks(), needed_position().
--
-- Cost        of a bookmark that moved within that time nothing; else two index probes.
create or replace function is_bookmark_late(b bookmark)
returns boolean
language plpgsql
stable
set search_path from current
as $$
begin
    return b.cut_at is null and b.moved_at < clock_timestamp() - b.lag_longest
           and lag_seconds(b.position, log_end()) > extract(epoch from b.lag_longest);
end;
$$;
