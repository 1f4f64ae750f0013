-- set_event_types: note which types of events a reducer's version reads. Internal, part of its
-- registration.
--
-- Arguments   name, version: of the reducer, which is registered. types: names, and patterns of
--             LIKE; % alone where it cannot be told.
-- Tables      event_type_reader: delete, insert.
-- Access: orchestrate
create or replace function set_event_types(name text, version integer, types text[])
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    delete from event_type_reader r
     where r.view = set_event_types.name and r.version = set_event_types.version
       and r.type <> all (set_event_types.types);
    insert into event_type_reader (type, view, version)
    select t.type, set_event_types.name, set_event_types.version
      from pg_catalog.unnest(set_event_types.types) as t (type)
     -- LIKE fails for a pattern that ends so.
     where right(t.type, 1) <> pg_catalog.chr(92)
        on conflict do nothing;
end;
$$;
