-- unread_event_types: of which types there are events that no view reads, and that nobody declared.
-- Internal: status(), and the leader's log.
--
-- Versions that are live, built or kept count as readers. Nothing is said before there is one, nor
-- while a version is kept whose types are not known here (see refuse_unknown_type.sql).
--
-- Arguments   mode: say nothing unless unknown events are dealt with so; null: in any mode.
-- Returns     the type and a line about it; of at most five types, the most frequent first.
-- Cost        looks at the newest 5000 events.
-- Tables      environment, event, event_type_reader, declared_event_type, view_state, view_build:
--             read.
-- Access: orchestrate
create or replace function unread_event_types(mode text default null)
returns table (type text, line text)
language plpgsql
stable
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    if (select e.unknown_events from environment e) <> unread_event_types.mode
       or not exists (select from view_state) and not exists (select from view_build)
       or exists (select from kept_without_types())
    then
        return;
    end if;
    return query
    with newest as (
        select e.type::text as type, e.dispatched_at from event e order by e.id desc limit 5000
    ), seen as (
        select n.type, count(*) as events, min(n.dispatched_at) as first_at
          from newest n group by n.type
    ), reader as materialized (
        select distinct r.type
          from event_type_reader r
         where exists (select from view_state s where s.view = r.view and s.version = r.version)
            or exists (select from view_build b where b.view = r.view and b.version = r.version)
    ), unread as (
        select s.*
          from seen s
         where not exists (select from reader r where r.type = s.type)
           and not exists (select from reader r
                            where pg_catalog.strpos(r.type, '%') > 0 and s.type like r.type)
           and not exists (select from declared_event_type d where d.type = s.type)
         order by s.events desc, s.type
         limit 5
    )
    select u.type, pg_catalog.format(
               'no view reads events of type "%s", of which there are %s among the newest 5000, '
               'since %s%s; if that is meant: select declare_event_types(array[%L])',
               u.type, u.events, date_trunc('second', u.first_at),
               '; did you mean "' || nearest_event_type(u.type) || '"?', u.type)
      from unread u;
end;
$$;
