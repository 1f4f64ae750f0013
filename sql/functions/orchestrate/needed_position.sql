-- needed_position: the first event that some bookmark still needs: what removes old events has to
-- leave it, and those after it. A bookmark that was cut, or is late enough to be, needs none.
--
-- Returns     a position, which may be that of the next event; null where there is no bookmark.
-- Tables      bookmark: read.
-- Access: orchestrate
create or replace function needed_position()
returns bigint
language sql
stable
security definer
set search_path from current
as $$
    select min(b.position) + 1 from bookmark b
     where b.cut_at is null and not is_bookmark_late(b);
$$;
