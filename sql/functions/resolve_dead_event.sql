-- resolve_dead_event: let a halted view go on, with the event or without it.
--
-- Arguments   view: which. version: of a build that is halted; null takes the live version, or the
--             one build that is halted where that is not. position: of the event it stands before;
--             null takes the one there is.
--             how: 'retry' puts the event before the reducer again (after a fix);
--                  'skip' leaves it out, now and in every rebuild.
-- Returns     the position that was resolved.
-- Raises      BT023 there is no such view, or it is not halted there.
-- Notifies    the orchestrator, if it is asleep.
-- Tables      dead_event, view_state, view_build: update.
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
    perform from view_state s where s.view = resolve_dead_event.view for update;
    select h.* into stopped
      from (select s.view, s.version, s.position, true as is_live from view_state s
             where s.state = 'halted'
             union all
            select b.view, b.version, b.position, false from view_build b
             where b.state = 'halted') as h
     where h.view = resolve_dead_event.view
       and h.version = coalesce(resolve_dead_event.version, h.version)
     order by h.is_live desc, h.version desc
     limit 1;
    if not found then
        raise exception 'view % is not halted; nothing to %', resolve_dead_event.view, how
            using errcode = 'BT023';
    end if;

    update dead_event d
       set state = case how when 'skip' then 'skipped' else 'retried' end,
           resolved_at = clock_timestamp(), resolved_by = session_user
     where d.view = stopped.view and d.version = stopped.version and d.state = 'halting'
       and d.position = coalesce(resolve_dead_event.position, d.position)
    returning * into dead;
    if dead.position is null then
        raise exception 'view % is not halted at position %; it stands before position %',
            stopped.view, resolve_dead_event.position, stopped.position + 1
            using errcode = 'BT023';
    end if;

    update view_state s
       set state = 'behind', reason = null, changed_at = clock_timestamp()
     where s.view = stopped.view and s.version = stopped.version;
    update view_build b
       set state = 'building', reason = null, changed_at = clock_timestamp()
     where b.view = stopped.view and b.version = stopped.version;
    perform ring();
    return dead.position;
end;
$$;
