-- limit_running: how many tasks of a handler nodes may hold at a time, all of them together.
--
-- It counts what was claimed, begun or not; of a node that is gone until maintain() hands that to
-- others. What is claimed by now goes on, and more is given only once there is room.
--
-- Arguments   handler: which. at_most: 1 to 1,000,000; null: as many as they like.
-- Raises      BT037 nobody registered the handler. BT042 the limit is none.
-- Tables      handler: update.
-- Access: orchestrate
create or replace function limit_running(handler text, at_most integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if limit_running.at_most not between 1 and 1000000 then
        raise exception 'of a handler 1 to 1000000 tasks may be claimed at a time, not %',
            limit_running.at_most
            using errcode = 'BT042';
    end if;
    perform require_handler(limit_running.handler);
    update handler h
       set running_max = limit_running.at_most
     where h.name = limit_running.handler;
end;
$$;
