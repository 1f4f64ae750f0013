-- event_types_of: the event types that a handler names. Internal: carry_handlers().
--
-- Arguments   handler: {"name": ..., "events": ["order/placed"]}.
-- Raises      BT042 events is no array of texts.
create or replace function event_types_of(handler jsonb)
returns text[]
language plpgsql
immutable
set search_path from current
as $$
begin
    if pg_catalog.jsonb_typeof(coalesce(event_types_of.handler -> 'events', '[]')) <> 'array'
       or pg_catalog.jsonb_path_exists(event_types_of.handler,
                                       'strict $.events[*] ? (@.type() != "string")', '{}', true)
    then
        raise exception 'the events of handler % are no array of event types',
            coalesce(pg_catalog.left(event_types_of.handler ->> 'name', 128), 'null')
            using errcode = 'BT042';
    end if;
    return array(select pg_catalog.jsonb_array_elements_text(event_types_of.handler -> 'events'));
end;
$$;
