-- note_trouble: note what holds a leadership up, or what ended it; or that nothing does any more.
-- Internal, for the leader.
--
-- Arguments   epoch: the caller's leadership. trouble: in words; null: it is over. about: which
--             leadership is meant, where that is a former one.
-- Raises      BT011 see fence().
-- Tables      leadership: update.
-- Access: orchestrate
create or replace function note_trouble(epoch bigint, trouble text, about bigint default null)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    perform fence(note_trouble.epoch);
    update leadership s
       set trouble = left(note_trouble.trouble, 1000),
           trouble_at = case when note_trouble.trouble is not null then clock_timestamp() end
     where s.epoch = coalesce(note_trouble.about, note_trouble.epoch)
       and s.epoch <= note_trouble.epoch;
end;
$$;
