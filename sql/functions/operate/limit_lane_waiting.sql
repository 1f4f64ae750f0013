-- limit_lane_waiting: how many tasks may wait in one lane of a handler until enqueue() and its
-- sisters refuse to make more of that lane. A fair handler has a lane for each tenant, so there it
-- is the backlog that a tenant may have, however many tenants there are: set_fairness().
--
-- What follows from events is made as ever, and what is tried again comes back. A task without a
-- lane is held to limit_waiting() alone.
--
-- Arguments   handler: which. at_most: 1 to 10,000; null: any number.
-- Raises      BT037 nobody registered the handler. BT042 the limit is none.
-- Tables      handler: update.
-- Cost        see refuse_full_lane(), which each enqueue() into a lane of it calls then.
-- Access: orchestrate
create or replace function limit_lane_waiting(handler text, at_most integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if limit_lane_waiting.at_most not between 1 and 10000 then
        raise exception 'in a lane 1 to 10000 tasks may wait, not %', limit_lane_waiting.at_most
            using errcode = 'BT042';
    end if;
    perform require_handler(limit_lane_waiting.handler);
    update handler h
       set lane_waiting_max = limit_lane_waiting.at_most
     where h.name = limit_lane_waiting.handler;
end;
$$;
