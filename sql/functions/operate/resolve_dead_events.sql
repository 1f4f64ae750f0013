-- resolve_dead_events: let the views go on that stand before an event, with it or without it.
--
-- Arguments   how: 'retry' puts the event before the reducers again (after a fix);
--                  'skip' lets the views go on without it. Without only_version that is on record
--                  for good: whichever version cannot fold the event, now or when it is built,
--                  goes on without it; one that can fold it has it.
--             event_id: as dispatch() returned it. only_view, only_version: of this view alone, of
--             this version alone: then another version halts before the event again.
-- Returns     a row for each that stood before it; for a skip perhaps none.
-- Raises      BT023 the event is dead for none of these; or none of them stands before it, and
--             there is nothing to retry, or to skip in this version alone.
-- Locks       skipped_event, see record_dead_event(); then the rows of view_state by name, and of
--             dead_event. Who folds takes skipped_event first, and view_state by name, too.
-- Notifies    the orchestrator, if it is asleep.
-- Tables      skipped_event: insert. dead_event, view_state, view_build: update.
-- Access: orchestrate
create or replace function resolve_dead_events(
    how text, event_id bigint, only_view text default null, only_version integer default null)
returns table (view text, version integer, "position" bigint)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    place bigint;
    stood record;
    found_any boolean := false;
begin
    if how not in ('retry', 'skip') then
        raise exception 'resolve_dead_events: "%" is neither retry nor skip', how
            using errcode = 'BT023';
    end if;
    lock table skipped_event in row exclusive mode;
    perform from view_state s order by s.view collate "C" for update;
    select d.position into place
      from dead_event d
     where d.event_id = resolve_dead_events.event_id
       and d.view = coalesce(only_view, d.view)
       and d.version = coalesce(only_version, d.version)
     limit 1;
    if not found then
        raise exception 'event % is dead for %; nothing to %', resolve_dead_events.event_id,
            coalesce('no version of view ' || only_view, 'no view'), how
            using errcode = 'BT023';
    end if;
    if how = 'skip' and only_version is null then
        insert into skipped_event (position, event_id, view)
        values (place, resolve_dead_events.event_id, only_view)
        on conflict do nothing;
    end if;

    for stood in
        update dead_event d
           set state = case how when 'skip' then 'skipped' else 'retried' end,
               resolved_at = clock_timestamp(), resolved_by = session_user
         where d.event_id = resolve_dead_events.event_id and d.state = 'halting'
           and d.view = coalesce(only_view, d.view)
           and d.version = coalesce(only_version, d.version)
        returning d.view, d.version
    loop
        update view_state s
           set state = 'behind', reason = null, changed_at = clock_timestamp()
         where s.view = stood.view and s.version = stood.version;
        update view_build b
           set state = 'building', reason = null, changed_at = clock_timestamp()
         where b.view = stood.view and b.version = stood.version;
        found_any := true;
        view := stood.view;
        version := stood.version;
        position := place;
        return next;
    end loop;
    if not found_any and (how = 'retry' or only_version is not null) then
        raise exception '% stands before event %; nothing to %',
            coalesce('no version of view ' || only_view, 'no view'), resolve_dead_events.event_id,
            how
            using errcode = 'BT023';
    end if;
    perform ring();
end;
$$;
