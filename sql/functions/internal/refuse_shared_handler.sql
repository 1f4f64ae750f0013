-- refuse_shared_handler: raise that a handler is in another view set, if so: two promotions could
-- mean it. Internal: register_set(). The caller holds the turn 'registration'.
--
-- Arguments   view_set: which is registered. handlers: those that it names.
-- Raises      BT013.
-- Tables      set_handler, set_version: read.
create or replace function refuse_shared_handler(view_set text, handlers versioned[])
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    other set_handler;
begin
    select s.* into other
      from pg_catalog.unnest(refuse_shared_handler.handlers) as h
      join set_handler s on s.handler = h.name and s.view_set <> refuse_shared_handler.view_set
      join set_version v on v.view_set = s.view_set and v.version = s.set_version
     where v.state <> 'retired'
     order by s.handler
     limit 1;
    if found then
        raise exception 'view set % names handler %, which is in view set % (version %): a handler '
            'is in one set',
            refuse_shared_handler.view_set, other.handler, other.view_set, other.set_version
            using errcode = 'BT013';
    end if;
end;
$$;
