-- is_reduced: does every live view have this event?
--
-- Arguments   event_id: as dispatch() returned it.
-- Returns     true once every live view shows the event; false before.
-- Raises      BT006 the calling transaction dispatched the event itself and has not committed.
--             BT007 a view is halted before the event: it would wait for a person.
--             BT008 there is no such event: it was rolled back, or dropped by retention.
--             BT041 every live view is past it, and some went on without it: which ones.
-- Tables      event, batch, view_state: read.
-- Access: dispatch, observe, orchestrate
create or replace function is_reduced(event_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    event_xid   xid8;
    is_own      boolean;
    is_recorded boolean;
begin
    -- A restored event may have this transaction's id; its row is older, see own_events().
    select e.xid, e.xid = pg_current_xact_id_if_assigned() and pg_catalog.age(e.xmin) <= 0
      into event_xid, is_own
      from event e
     where e.id = is_reduced.event_id;
    if not found then
        raise exception 'event % is not there: its transaction was rolled back, or is not '
            'committed yet',
            is_reduced.event_id
            using errcode = 'BT008';
    end if;
    if is_own then
        raise exception 'event % belongs to this very transaction: commit before waiting for it',
            is_reduced.event_id
            using errcode = 'BT006';
    end if;

    select is_taken(is_reduced.event_id, event_xid, b.window_number, b.last_id) into is_recorded
      from batch b
     order by b.first_position desc
     limit 1;
    if is_recorded is not true then
        return false;
    end if;

    -- The position costs more than the rest; it matters only if a view is not up to date.
    if not exists (select from view_state s where s.state <> 'following') then
        perform require_alive(is_reduced.event_id, null::bigint);
        return true;
    end if;
    return is_position_reduced(event_position(is_reduced.event_id));
end;
$$;
