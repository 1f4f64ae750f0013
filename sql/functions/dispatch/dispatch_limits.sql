-- dispatch_limits: where a COPY of events goes, and the limits that it must keep. For clients that
-- dispatch by COPY: with a search_path that begins with the application's schema, the name `event`
-- alone could be a table of the application.
--
-- Returns   one row: the schema to COPY into, and the named limits (set_limit.sql).
-- Tables    event_limit: read.
-- Access: dispatch, orchestrate
create or replace function dispatch_limits()
returns table (
    schema_name        name,
    type_bytes         integer,
    key_bytes          integer,
    tenant_bytes       integer,
    payload_bytes      integer,
    content_type_bytes integer,
    meta_bytes         integer
)
language sql
stable
security definer
set search_path from current
as $$
    select current_schema(), most.type_bytes, most.key_bytes, most.tenant_bytes,
           most.payload_bytes, most.content_type_bytes, most.meta_bytes
      from event_limit as most
     where most.only_row;
$$;
