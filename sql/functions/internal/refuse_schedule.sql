-- refuse_schedule: raise what is wrong with a schedule's spec, or with what is said of it.
-- Internal.
--
-- Arguments   what: the sentence.
-- Raises      BT059.
create or replace function refuse_schedule(what text)
returns void
language plpgsql
immutable
set search_path from current
as $$
begin
    raise exception '%', refuse_schedule.what using errcode = 'BT059';
end;
$$;
