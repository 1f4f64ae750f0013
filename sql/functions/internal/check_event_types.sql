-- check_event_types: whether unknown events are dealt with as the environment says. Part of
-- doctor().
--
-- Returns     one row of doctor().
-- Tables      environment, event_type_reader, declared_event_type: read.
create or replace function check_event_types()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
declare
    mode    text := (select e.unknown_events from environment e);
    untold  text := (select string_agg(k, ', ' order by k) from kept_without_types() as k);
begin
    if (mode = 'refuse') <> refuses_unknown_types() then
        return query select 'event_types', 'problem', pg_catalog.format(
            'unknown events are to be dealt with by "%s", but dispatch %s them', mode,
            case mode when 'refuse' then 'accepts' else 'refuses' end),
            pg_catalog.format('as the owner: select set_unknown_events(%L)', mode);
    elsif mode = 'refuse' and untold is not null then
        return query select 'event_types', 'warning', pg_catalog.format(
            'unknown events are not refused while a version is kept whose types are not known: %s',
            untold),
            'run a program of this version of Baton that carries it, or retire it';
    elsif mode = 'refuse' and not exists (select from event_type_reader)
          and not exists (select from declared_event_type) then
        return query select 'event_types', 'warning',
            'unknown events are refused, and no type is known: every event is refused',
            'start an orchestrator, which registers its reducers, or declare_event_types()';
    else
        return query select 'event_types', 'ok', pg_catalog.format('unknown events: %s', mode),
            null::text;
    end if;
end;
$$;
