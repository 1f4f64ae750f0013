-- backfill_tasks: make tasks of events from before a handler's subscription, a page of the log at a
-- time. Internal: maintain(), in whose transaction a page is noted as done.
--
-- A handler that is full is left alone until it is not; so is a copy that nobody adopted, and a
-- type that the live version does not name.
--
-- Arguments   positions: how many may be looked at.
-- Returns     whether there is more to look at now.
-- Tables      subscription_backfill: read, update. handler, handler_event: read. task: see
--             add_event_tasks().
-- Cost        of a look at an index where there is nothing to do.
create or replace function backfill_tasks(positions integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    due  record;
    page integer;
begin
    if not exists (select from subscription_backfill b where b.done_to < b.last_position)
       or unadopted() is not null then
        return false;
    end if;
    -- What was asked for together is read together, so its tasks are in the order of the log.
    select b.handler, b.done_to, b.last_position,
           array_agg(b.type order by b.type collate "C")::text[] as types
      into due
      from subscription_backfill b
      join handler h on h.name = b.handler and not h.is_full
      join handler_event s
        on s.handler = h.name and s.version = h.live_version and s.type = b.type
     where b.done_to < b.last_position
     group by b.handler, b.done_to, b.last_position
     order by min(b.looked_at), b.handler, b.done_to
     limit 1;
    if not found then
        return false;
    end if;
    page := least(backfill_tasks.positions, due.last_position - due.done_to);
    perform add_event_tasks(due.done_to + 1, page, due.handler, due.types);
    update subscription_backfill b
       set done_to = due.done_to + page, looked_at = clock_timestamp()
     where b.handler = due.handler and b.type = any (due.types)
       and b.done_to = due.done_to and b.last_position = due.last_position;
    return true;
end;
$$;
