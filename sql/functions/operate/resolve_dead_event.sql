-- resolve_dead_event: let a halted view go on, with the event that it stands before or without it.
--
-- Arguments   view: which. version: this one alone; null takes the event that the live version
--             stands before, or else that of the build that is halted, for all versions of the
--             view, see resolve_dead_events(). position: of the event; null takes the one there is.
--             how: 'retry' or 'skip', see resolve_dead_events().
-- Returns     the position that was resolved.
-- Raises      BT023 there is no such view, or it is not halted there.
-- Notifies    the orchestrator, if it is asleep.
-- Tables      view_state, view_build, dead_event: read.
-- Access: orchestrate
create or replace function resolve_dead_event(
    view text, how text, "position" bigint default null, version integer default null)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    stopped record;
    dead    dead_event;
begin
    if how not in ('retry', 'skip') then
        raise exception 'resolve_dead_event: "%" is neither retry nor skip', how
            using errcode = 'BT023';
    end if;
    select h.* into stopped
      from (select s.view, s.version, s.position, true as is_live from view_state s
             where s.state = 'halted'
             union all
            select b.view, b.version, b.position, false from view_build b
             where b.state = 'halted') as h
     where h.view = resolve_dead_event.view
       and h.version = coalesce(resolve_dead_event.version, h.version)
     order by h.position + 1 = resolve_dead_event.position desc nulls last,
              h.is_live desc, h.version desc
     limit 1;
    if not found then
        raise exception 'view % is not halted; nothing to %', resolve_dead_event.view, how
            using errcode = 'BT023';
    end if;
    select * into dead
      from dead_event d
     where d.view = stopped.view and d.version = stopped.version and d.state = 'halting'
       and d.position = coalesce(resolve_dead_event.position, d.position);
    if not found then
        raise exception 'view % is not halted at position %; it stands before position %',
            stopped.view, resolve_dead_event.position, stopped.position + 1
            using errcode = 'BT023';
    end if;
    perform resolve_dead_events(how, dead.event_id, dead.view, resolve_dead_event.version);
    return dead.position;
end;
$$;
