-- set_weight: how much of what nodes have a lane of a fair handler gets, compared with the others.
--
-- Arguments   handler, lane: which; where tasks name no lane, that is their tenant. weight: 1 to
--             1000; null: as all others, 1.
-- Raises      BT037 nobody registered the handler. BT042 the weight is none, or the lane null.
-- Tables      lane_weight: insert, update, delete.
-- Access: orchestrate
create or replace function set_weight(handler text, lane text, weight integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    if set_weight.weight not between 1 and 1000 or set_weight.lane is null then
        raise exception 'lane % cannot have the weight %: give a lane, and 1 to 1000, or null',
            coalesce(pg_catalog.left(set_weight.lane, 128), 'null'),
            coalesce(set_weight.weight::text, 'null')
            using errcode = 'BT042';
    end if;
    perform require_handler(set_weight.handler);
    if set_weight.weight is null then
        delete from lane_weight w
         where w.lane = lane_id(set_weight.handler, set_weight.lane);
        return;
    end if;
    insert into lane_weight as w (handler, name, lane, weight)
    values (set_weight.handler, set_weight.lane, lane_id(set_weight.handler, set_weight.lane),
            set_weight.weight)
    on conflict (lane) do update set weight = excluded.weight;
end;
$$;
