-- event_position: where in the log an event is; null if the orchestrator has not taken it yet. Of
-- one that retention dropped, where the log begins.
--
-- Arguments   event_id: as dispatch() returned it.
-- Cost        halves the log again and again, with some index probes each, then reads one batch.
-- Tables      event, batch, log_retention: read.
-- Access: dispatch, observe, orchestrate
create or replace function event_position(event_id bigint)
returns bigint
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    event_xid xid8 := (select e.xid from event e where e.id = event_position.event_id);
    low       bigint;
    high      bigint;
    part      record;
    within    bigint;
    kept      log_retention;
begin
    select r.* into kept from log_retention r where r.only_row;
    if event_xid is null and event_position.event_id between 1 and kept.gone_to_id then
        return kept.begins_after;
    end if;
    select b.first_position into low
      from batch b
     where b.first_position > kept.begins_after
     order by b.first_position limit 1;
    select b.first_position into high
      from batch b
     where is_taken(event_position.event_id, event_xid, b.window_number, b.last_id)
       and b.first_position = (select max(newest.first_position) from batch newest);
    if high is null then
        return null;
    end if;

    -- Batches know their events and those of all batches before: the first that does has it.
    while low < high loop
        select b.first_position, b.count,
               is_taken(event_position.event_id, event_xid, b.window_number, b.last_id) as has_it
          into part
          from (select * from batch
                 where first_position <= low + (high - low) / 2
                 order by first_position desc
                 limit 1) as b;
        if part.has_it then
            high := part.first_position;
        else
            low := part.first_position + part.count;
        end if;
    end loop;

    select * into part from log_parts(high - 1) limit 1;
    if high = kept.begins_after + 1 and not exists (
        select from log_slice(
            part.floor_id, part.floor_xid, part.seen_before, part.seen, part.last_id,
            part.stragglers, part.after_id, part.count) as s
         where s.id = event_position.event_id)
    then
        return kept.begins_after;
    end if;
    select count(*) into within
      from log_slice(
            part.floor_id, part.floor_xid, part.seen_before, part.seen, event_position.event_id,
            part.stragglers, part.after_id, part.count);
    return high - 1 + within;
end;
$$;
