-- position_before: a position after which every event is that was dispatched at a time or later.
-- For `baton log --since`.
--
-- Batches are recorded after their events were dispatched: what was recorded before that time is
-- older. Not all that follows is newer: an event may have waited for long.
--
-- Returns     the end of the last batch that was recorded before; 0 if there is none.
-- Cost        halves the log again and again, with an index probe each.
-- Tables      batch: read.
-- Access: observe, orchestrate
create or replace function position_before("at" timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    low  bigint := log_beginning();  -- the end of a batch that was recorded before
    high bigint := log_end();        -- the end of one that was not, or of the log
    part record;
begin
    while low < high loop
        select b.first_position, b.first_position + b.count - 1 as last, b.recorded_at into part
          from batch b
         where b.first_position <= low + (high - low + 1) / 2
         order by b.first_position desc
         limit 1;
        if part.recorded_at < position_before.at then
            low := part.last;
        else
            high := part.first_position - 1;
        end if;
    end loop;
    return low;
end;
$$;
