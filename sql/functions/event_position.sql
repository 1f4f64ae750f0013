-- event_position: where in the log an event is; null if the orchestrator has not taken it yet.
--
-- Arguments   event_id: as dispatch() returned it.
-- Cost        reads one batch of the log.
-- Tables      event, batch, log_window: read.
create or replace function event_position(event_id bigint)
returns bigint
language plpgsql
stable
security definer
set search_path from current
set enable_seqscan = off
as $$
declare
    part      record;
    event_xid xid8 := (select e.xid from event e where e.id = event_position.event_id);
    within    bigint;
begin
    for part in
        select b.first_position, b.count, b.after_id, b.last_id, before.id_value as floor_id,
               before.xid as floor_xid, before.seen as seen_before, w.seen, w.stragglers
          from batch b
          join log_window w on w.number = b.window_number
          join log_window before on before.number = b.window_number - 1
         where b.after_id < event_position.event_id and b.last_id >= event_position.event_id
           and pg_visible_in_snapshot(event_xid, w.seen)
           and not pg_visible_in_snapshot(event_xid, before.seen)
         order by b.first_position
    loop
        select found_at.n into within
          from (select e.id, row_number() over (order by e.id) as n
                  from log_slice(
                    part.floor_id, part.floor_xid, part.seen_before, part.seen, part.last_id,
                    part.stragglers, part.after_id, part.count) as e) as found_at
         where found_at.id = event_position.event_id;
        if found then
            return part.first_position - 1 + within;
        end if;
    end loop;
    return null;
end;
$$;
