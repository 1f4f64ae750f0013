-- clear_turns: delete the turns of lanes in which nothing is any more, some in each pass. Internal:
-- maintain_lanes().
--
-- Arguments   at_most: at how many it looks. Where it ended is where the next pass begins.
-- Locks       the turns; it passes by those that others have locked.
-- Tables      lane_turn: read, delete. task_in_lane: read. maintenance: read, update.
create or replace function clear_turns(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    lowest      constant bigint := -9223372036854775808;
    begin_after constant bigint := (select m.turn_lane from maintenance m where m.only_row);
    seen        bigint[];
begin
    select coalesce(pg_catalog.array_agg(s.lane order by s.lane), '{}') into seen
      from (select t.lane
              from lane_turn t
             where t.lane > begin_after
             order by t.lane
             limit clear_turns.at_most
               for update skip locked) as s;
    -- Another statement: whoever had a turn that is locked by now has committed.
    delete from lane_turn t
     where t.lane = any (seen)
       and not exists (select from task_in_lane l where l.lane = t.lane and l.is_head)
       and not exists (select from task_in_lane l where l.lane = t.lane and not l.is_head);
    if begin_after > lowest or cardinality(seen) > 0 then
        update maintenance
           set turn_lane = case when cardinality(seen) < clear_turns.at_most then lowest
                                else seen[cardinality(seen)] end
         where only_row;
    end if;
end;
$$;
