-- limit_waiting: how many tasks of a handler may wait until enqueue() and its sisters refuse to
-- make more, in the transaction of whoever calls them. What follows from events is made as ever,
-- and what is tried again comes back: nothing is lost.
--
-- It is looked at by maintain(), once a second: so the limit can be passed by what is made until
-- then, and a second may pass until there is room again.
--
-- Arguments   handler: which. at_most: 1 to 1,000,000, of those that wait for a node or in a lane;
--             null: any number.
-- Raises      BT037 nobody registered the handler. BT042 the limit is none.
-- Tables      handler: update. See note_full().
-- Access: orchestrate
create or replace function limit_waiting(handler text, at_most integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if limit_waiting.at_most not between 1 and 1000000 then
        raise exception 'of a handler 1 to 1000000 tasks may wait, not %', limit_waiting.at_most
            using errcode = 'BT042';
    end if;
    perform require_handler(limit_waiting.handler);
    update handler h
       set waiting_max = limit_waiting.at_most, is_full = false, full_after = 0
     where h.name = limit_waiting.handler;
    perform note_full(limit_waiting.handler);
end;
$$;
