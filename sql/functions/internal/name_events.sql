-- name_events: say which events become tasks of a version of a handler. Internal:
-- register_handler().
--
-- A type that the handler never named before counts from the end of the log on: the batch that is
-- being recorded is waited for, and the next one finds what is said here. There are such events
-- then, whoever else reads them: they are declared. Where the handler says from where on it wants
-- them, what lies before becomes tasks of it by and by.
--
-- Arguments   handler, version: registered ones. types: all that it names. lane_by_key: an event's
--             key is its task's lane. from_position: see add_backfill(); null: nothing before.
-- Raises      BT001 a type that no event can have. BT006 the transaction's snapshot is fixed.
-- Locks       the leader's row, until the transaction ends, where there is a type.
-- Tables      handler_event: read, insert, update, delete. leader: read. declared_event_type: see
--             declare_event_types(). subscription_backfill: see add_backfill().
create or replace function name_events(
    handler text, version integer, types text[], lane_by_key boolean, from_position bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    new_types text[];
begin
    delete from handler_event s
     where s.handler = name_events.handler and s.version = name_events.version
       and s.type <> all (name_events.types);
    if cardinality(name_events.types) = 0 then
        return;
    end if;

    perform require_read_committed('register_node');
    perform declare_event_types(name_events.types);
    perform from leader where only_row for update;
    new_types := array(select t.type from pg_catalog.unnest(name_events.types) as t (type)
                        where not exists (select from handler_event s
                                           where s.handler = name_events.handler
                                             and s.type = t.type));
    insert into handler_event (handler, version, type, after_position, lane_by_key)
    select name_events.handler, name_events.version, e.type,
           coalesce((select min(s.after_position) from handler_event s
                      where s.handler = name_events.handler and s.type = e.type), log_end()),
           name_events.lane_by_key
      from (select distinct t.type from pg_catalog.unnest(name_events.types) as t (type)) as e
    on conflict (handler, version, type) do update set lane_by_key = excluded.lane_by_key;
    if name_events.from_position is not null then
        perform add_backfill(name_events.handler, new_types, name_events.from_position);
    end if;
end;
$$;
