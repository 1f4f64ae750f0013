-- require_alive: refuse to say that every live view has an event, where one went on without it.
-- Internal: is_reduced(), is_position_reduced().
--
-- Arguments   event_id or position: which event; the other is null.
-- Raises      BT041 live views have skipped it, and which. Without the reason: it can quote the
--             event, and whoever dispatches may read none.
-- Cost        an index probe.
-- Tables      dead_event, view_state: read.
create or replace function require_alive(event_id bigint, "position" bigint)
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    dead record;
begin
    if require_alive.event_id is not null then
        select string_agg(pg_catalog.format('%s@%s', s.view, s.version), ', ' order by s.view)
               as views,
               min(d.event_id) as event_id, min(d.position) as position
          into dead
          from dead_event d
          join view_state s on s.view = d.view and s.version = d.version
         where d.event_id = require_alive.event_id and d.state = 'skipped';
    else
        select string_agg(pg_catalog.format('%s@%s', s.view, s.version), ', ' order by s.view)
               as views,
               min(d.event_id) as event_id, min(d.position) as position
          into dead
          from view_state s
          join dead_event d on d.view = s.view and d.version = s.version
                           and d.position = require_alive.position
         where d.state = 'skipped';
    end if;
    if dead.views is not null then
        raise exception 'event % (position %) is dead for %, which went on without it; every other '
            'live view has it; see "baton dead list"',
            dead.event_id, dead.position, dead.views
            using errcode = 'BT041';
    end if;
end;
$$;
