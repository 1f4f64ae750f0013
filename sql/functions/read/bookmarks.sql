-- bookmarks: the bookmarks of those who follow the log, by name, and how far each lags behind.
--
-- Arguments   name: only this one; null: all. after: only those whose name comes after it.
--             limit_count: so many at most.
-- Returns     one row for each.
--   state        followed: a live node has it; idle: nobody has; cut: it lagged for too long, see
--                reason.
--   lag_events   how many events it has not done with, of whatever type. lag_seconds: for how long
--                the oldest of them has been in the log.
--   held_by      the node that has it, or had it last. held_since: since when.
-- Tables      bookmark, node: read.
-- Access: observe, orchestrate
create or replace function bookmarks(
    name text default null, after text default null, limit_count integer default 1000)
returns table (
    name text, state text, "position" bigint, lag_events bigint, lag_seconds numeric,
    lag_longest interval, held_by text, held_since timestamptz, types text[], moved_at timestamptz,
    made_at timestamptz, made_by name, cut_at timestamptz, reason text)
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    select b.name, case when b.cut_at is not null then 'cut'
                        when exists (select from node n where n.id = b.node and is_live(n))
                        then 'followed' else 'idle' end,
           b.position, greatest(l.head - b.position, 0), lag_seconds(b.position, l.head),
           b.lag_longest, b.held_by, b.claimed_at, b.types, b.moved_at, b.made_at, b.made_by,
           b.cut_at, bookmark_cut_text(b)
      from (select log_end()) as l (head)
     cross join bookmark b
     where (bookmarks.name is null or b.name = bookmarks.name)
       and (bookmarks.after is null or b.name > bookmarks.after)
     order by b.name
     limit bookmarks.limit_count;
$$;
