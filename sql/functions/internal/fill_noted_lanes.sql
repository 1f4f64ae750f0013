-- fill_noted_lanes: fill_lanes() for every handler. Internal: maintain(), as the last thing that it
-- does, because whoever ends a head of these lanes waits for the commit.
--
-- Arguments   at_most: for each handler.
-- Tables      handler, lane_note: read. The lanes: see fill_lanes().
create or replace function fill_noted_lanes(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform fill_lanes(h.name, fill_noted_lanes.at_most)
       from handler h
      where exists (select from lane_note n where n.handler = h.name);
end;
$$;
