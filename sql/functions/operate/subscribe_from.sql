-- subscribe_from: let events from before a handler's subscription become tasks of it, too.
--
-- maintain() makes them, some thousands at a time, of the version that is live then; they go behind
-- what comes now. What was asked for before is not made again.
--
-- Arguments   handler: which. "position": of the first event; 1: all of the log.
-- Returns     how many positions are to be looked at: 0 where there is nothing before.
-- Raises      BT037 nobody registered the handler. BT042 its tasks are no events, or there is no
--             such position.
-- Locks       the turn 'registration', until the transaction ends.
-- Tables      handler, handler_event: read. subscription_backfill: see add_backfill().
-- Access: orchestrate
create or replace function subscribe_from(handler text, "position" bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    types text[];
begin
    perform require_handler(subscribe_from.handler);
    if subscribe_from."position" >= 1 is not true then
        raise exception 'a subscription begins at a position from 1 on, not at %',
            coalesce(subscribe_from."position"::text, 'null')
            using errcode = 'BT042';
    end if;
    perform lock_registration();
    types := array(select s.type
                     from handler h
                     join handler_event s on s.handler = h.name and s.version = h.live_version
                    where h.name = subscribe_from.handler);
    if types = '{}' then
        raise exception 'no events become tasks of handler %: it names no types',
            subscribe_from.handler
            using errcode = 'BT042';
    end if;
    return add_backfill(subscribe_from.handler, types, subscribe_from."position");
end;
$$;
