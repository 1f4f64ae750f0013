-- bookmark_problems: the bookmarks at which nothing goes on, for status(). Internal.
--
-- Returns     lines for people, the first 20: what was cut; where events wait for over a minute and
--             it was not moved for as long.
-- Tables      bookmark, node: read.
create or replace function bookmark_problems()
returns text[]
language plpgsql
stable
set search_path from current
set jit = off
as $$
declare
    head constant bigint := log_end();
begin
    return array(
        select coalesce(bookmark_cut_text(b), pg_catalog.format(
                   '%s events wait at bookmark %s, the oldest for %s s: %s; %s', head - b.position,
                   pg_catalog.quote_literal(b.name), round(lag_seconds(b.position, head)),
                   case when is_live(n) then pg_catalog.format('node %s follows it, and has not '
                                                               'moved it since %s', n.name,
                                             pg_catalog.date_trunc('second', b.moved_at))
                        else coalesce('nobody follows it since node ' || b.held_by || ' has ended',
                                      'nobody follows it') end,
                   case when is_bookmark_late(b) then 'it is about to be cut'
                        else pg_catalog.format('it is cut where that is more than %s',
                                               b.lag_longest) end))
          from bookmark b
          left join node n on n.id = b.node
         where b.cut_at is not null
            or b.position < head and b.moved_at < clock_timestamp() - interval '1 minute'
               and lag_seconds(b.position, head) > 60
         order by b.name
         limit 20);
end;
$$;
