-- event_position: where in the log an event is; null if the orchestrator has not taken it yet.
--
-- Each window sees what the window before saw, and more: the event's window is found by halving.
--
-- Arguments   event_id: as dispatch() returned it.
-- Cost        some twenty index probes, and reads one batch of the log.
-- Tables      event, batch, log_window, log_origin: read.
create or replace function event_position(event_id bigint)
returns bigint
language plpgsql
stable
security definer
set search_path from current
set enable_seqscan = off
as $$
declare
    event_xid  xid8 := (select e.xid from event e where e.id = event_position.event_id);
    blind      bigint;  -- the highest window known not to see the event
    seeing     bigint;  -- the lowest window known to see it
    middle     bigint;
    part       record;
    event_rank bigint;
begin
    if event_xid is null then
        return null;
    end if;
    -- Windows speak of transactions in the cluster in which they were opened.
    select o.window_number into blind
      from log_origin o
     where o.after_id < event_position.event_id
     order by o.window_number desc
     limit 1;
    select coalesce(min(o.window_number), (select max(w.number) + 1 from log_window w)) - 1
      into seeing
      from log_origin o
     where o.window_number > blind;
    if not (select pg_visible_in_snapshot(event_xid, w.seen)
              from log_window w where w.number = seeing)
       or seeing = blind
    then
        return null;
    end if;

    while seeing - blind > 1 loop
        middle := (blind + seeing) / 2;
        if (select pg_visible_in_snapshot(event_xid, w.seen)
              from log_window w where w.number = middle)
        then
            seeing := middle;
        else
            blind := middle;
        end if;
    end loop;

    select b.first_position, b.count, b.after_id, b.last_id, before.id_value as floor_id,
           before.xid as floor_xid, before.seen as seen_before, w.seen, w.stragglers
      into part
      from batch b
      join log_window w on w.number = b.window_number
      join log_window before on before.number = b.window_number - 1
     where b.window_number = seeing and b.last_id >= event_position.event_id
     order by b.last_id
     limit 1;
    select found_at.n into event_rank
      from (select e.id, row_number() over (order by e.id) as n
              from log_slice(
                part.floor_id, part.floor_xid, part.seen_before, part.seen, part.last_id,
                part.stragglers, part.after_id, part.count) as e) as found_at
     where found_at.id = event_position.event_id;
    return part.first_position - 1 + event_rank;
end;
$$;
