-- lock_turn: whoever makes tasks of a lane of width 1 does it one after the other. So what has a
-- lower id commits first, and nothing overtakes it. Internal: enqueue_apart(), enqueue_many(),
-- before they draw an id.
--
-- Only they wait here: neither those who end tasks nor the orchestrator. So an open transaction
-- that has made a task of a lane delays those that make others of it, and nobody else.
--
-- Arguments   handler, lane: names.
-- Raises      BT042 the lane's name is too long, or empty.
-- Locks       the lane, until the transaction ends, where the handler's lanes have width 1.
-- Tables      lane_turn: read, insert. handler: read.
create or replace function lock_turn(handler text, lane text)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    wanted bigint;
begin
    if octet_length(lock_turn.lane) between 1 and 512 is not true then
        raise exception 'the name of a lane has 1 to 512 bytes, not %',
            octet_length(lock_turn.lane)
            using errcode = 'BT042';
    end if;
    if (select h.lane_width > 1 or h.is_fair
          from handler h where h.name = lock_turn.handler) then
        return;
    end if;
    wanted := lane_id(lock_turn.handler, lock_turn.lane);
    loop
        perform from lane_turn t where t.lane = wanted for update;
        exit when found;
        -- It is new, or maintain() cleared it away meanwhile.
        insert into lane_turn (lane) values (wanted) on conflict (lane) do nothing;
    end loop;
end;
$$;
