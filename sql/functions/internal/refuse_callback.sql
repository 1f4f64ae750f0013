-- refuse_callback: raise that a callback changes nothing. Internal: call_back(),
-- require_awaited().
--
-- Arguments   what: the sentence.
-- Raises      BT039.
create or replace function refuse_callback(what text)
returns void
language plpgsql
immutable
set search_path from current
as $$
begin
    raise exception 'the callback was refused: %; nothing was changed', refuse_callback.what
        using errcode = 'BT039';
end;
$$;
