-- maintain_lanes: fill_lanes() for every handler, clear_turns(), and note_full(). Internal:
-- maintain(), at its end, because whoever ends a head of these lanes waits for the commit.
--
-- Arguments   at_most: for each handler.
-- Tables      handler, lane_note: read. The lanes: see fill_lanes(), clear_turns().
--             handler: see note_full(), too.
create or replace function maintain_lanes(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform clear_turns(maintain_lanes.at_most);
    perform note_full(null::text);
    perform fill_lanes(h.name, maintain_lanes.at_most)
       from handler h
      where exists (select from lane_note n where n.handler = h.name);
end;
$$;
