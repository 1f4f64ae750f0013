-- check_bookmarks: whether those who follow the log go on. Part of doctor().
--
-- Returns     one row of doctor().
-- Tables      bookmark: read.
create or replace function check_bookmarks()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'bookmarks', case when p.lines = '{}' then 'ok' else 'problem' end,
           case when p.lines = '{}'
                then pg_catalog.format('bookmarks: %s', (select count(*) from bookmark))
                     || coalesce('; events from position ' || needed_position()::text
                                 || ' on are needed', '')
                else array_to_string(p.lines, '; ') end,
           case when p.lines <> '{}'
                then 'start what follows them; or `baton bookmarks move NAME --to POSITION`, or '
                     '`baton bookmarks remove NAME` for one that nobody needs' end
      from (select bookmark_problems()) as p (lines);
$$;
