-- fill_lanes: look at the lanes that somebody left a word about, and make the first tasks that wait
-- in them heads, where there is room: those are ready. Internal: find_tasks(), maintain_lanes().
--
-- At a handler's lanes one session does this at a time, so two cannot fill one place. Those who end
-- a head at the same time fill the place that they leave, and no other: leave_lanes(). One that has
-- not committed may have looked for the next one before that was there: then the word stays. See
-- head_lanes().
--
-- Arguments   handler: whose lanes. at_most: at how many words it looks.
-- Returns     how many tasks are ready now.
-- Locks       the handler, and see head_lanes(). It returns where the handler is locked, or is
--             fair: see share_lanes().
-- Notifies    nodes that sleep.
-- Tables      lane_note: read, insert, delete. handler: read. task_in_lane: see head_lanes().
--             task_ready: see bring_back().
-- Cost        where nobody left a word, of a look at an index.
create or replace function fill_lanes(handler text, at_most integer)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    width  integer;
    notes  bigint[];
    lanes  bigint[];
    put    record;
begin
    if not exists (select from lane_note n where n.handler = fill_lanes.handler) then
        return 0;
    end if;
    select h.lane_width into width
      from handler h
     where h.name = fill_lanes.handler and not h.is_fair
       for no key update skip locked;
    if width is null then
        return 0;
    end if;
    select pg_catalog.array_agg(n.id), pg_catalog.array_agg(distinct n.lane)
      into notes, lanes
      from (select n.id, n.lane
              from lane_note n
             where n.handler = fill_lanes.handler
             order by n.id
             limit fill_lanes.at_most) as n;

    select h.* into strict put from head_lanes(lanes, width) as h;
    delete from lane_note n where n.handler = fill_lanes.handler and n.id = any (notes);
    -- At the end, so that lanes which stay locked keep no others from their turn.
    insert into lane_note (handler, lane)
    select fill_lanes.handler, u.lane from pg_catalog.unnest(put.unsure) as u (lane);
    return bring_back(put.tasks, put.attempts, put.deliveries);
end;
$$;
