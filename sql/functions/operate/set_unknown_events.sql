-- set_unknown_events: say what is done about an event of a type that nobody knows.
--
-- To refuse them is a check of the domain event_type, which is there for as long as they are
-- refused: else nothing is looked up, and dispatch costs what it cost. `not valid`, so that it
-- looks at no event that is there, and that pg_dump adds it again after the data.
--
-- Arguments   mode: accept, warn (status() and the orchestrator's log name them) or refuse
--             (dispatch raises BT040, on every way in). null changes nothing.
-- Raises      BT016 there is no such mode.
-- Locks       the row of environment, until the transaction ends; no table that dispatch uses.
--             Holds for transactions that begin after its commit; one that has dispatched may go
--             on as it began.
-- Tables      environment: update.
create or replace function set_unknown_events(mode text)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if set_unknown_events.mode is null then
        return;
    end if;
    if set_unknown_events.mode <> all (array['accept', 'warn', 'refuse']) then
        raise exception 'unknown events cannot be "%"; there are accept, warn, refuse',
            set_unknown_events.mode
            using errcode = 'BT016';
    end if;
    perform require_rows();
    update environment set unknown_events = set_unknown_events.mode where only_row;
    if (set_unknown_events.mode = 'refuse') = refuses_unknown_types() then
        return;
    end if;
    if set_unknown_events.mode = 'refuse' then
        alter domain event_type add constraint event_type_known
            check (require_known_type(value)) not valid;
    else
        alter domain event_type drop constraint event_type_known;
    end if;
end;
$$;
