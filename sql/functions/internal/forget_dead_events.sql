-- forget_dead_events: what one build of a reducer's version could not fold is put before the next.
-- Internal, for development.
--
-- What a person skipped stays skipped.
--
-- Arguments   name, version: of the reducer.
-- Tables      dead_event: update.
-- Access: orchestrate
create or replace function forget_dead_events(name text, version integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    update dead_event d
       set state = 'retried', resolved_at = clock_timestamp(), resolved_by = session_user
     where d.view = forget_dead_events.name and d.version = forget_dead_events.version
       and (d.state = 'halting' or d.state = 'skipped' and d.resolved_by is null);
end;
$$;
