-- refuse_full_lane: raise that so many tasks wait in a lane that no more may be made. Internal:
-- enqueue_apart(), enqueue_many().
--
-- It counts what is committed, and what the caller's own transaction made: so the limit can be
-- passed by what is being made at the same time.
--
-- Arguments   known: the handler, which has such a limit. lane: its name; null: the task is in
--             none. more: so many are to be made.
-- Raises      BT070.
-- Tables      task_in_lane: read.
-- Cost        of the limit, an index entry for each task that waits.
create or replace function refuse_full_lane(known handler, lane text, more integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    here    constant bigint := lane_id(known.name, refuse_full_lane.lane);
    waiting integer;
begin
    if refuse_full_lane.lane is null then
        return;
    end if;
    select count(*) into waiting
      from (select from task_in_lane l
             where l.lane = here and not l.is_head
             order by l.task
             limit known.lane_waiting_max) as w;
    if waiting + refuse_full_lane.more > known.lane_waiting_max then
        raise exception 'lane % of handler % is full: at most % tasks may wait in one; nothing was '
            'made, try again later',
            pg_catalog.left(refuse_full_lane.lane, 128), known.name, known.lane_waiting_max
            using errcode = 'BT070';
    end if;
end;
$$;
