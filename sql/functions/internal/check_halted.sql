-- check_halted: whether a live view stands before an event that it cannot fold. Part of doctor().
--
-- Returns   one row of doctor().
-- Tables    view_state: read.
create or replace function check_halted()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'views', case when h.named is null then 'ok' else 'problem' end,
        coalesce('halted: ' || h.named, 'none is halted'),
        case when h.named is not null
             then 'baton dead show VIEW, then baton dead retry VIEW or baton dead skip VIEW' end
      from (select string_agg(pg_catalog.format('%s at position %s: %s', s.view, s.position,
                                                s.reason), '; ' order by s.view)
              from view_state s
             where s.state = 'halted') as h (named);
$$;
