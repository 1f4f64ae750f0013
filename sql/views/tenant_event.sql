-- tenant_event: the events of this session's tenant.
--
-- It reads with its reader's rights, as tenant_task does. An event's place in the log is not here:
-- it would tell how many events others have. (The second table makes it a view that nobody can
-- write through.)
--
-- Tables    event: read.
-- Access: tenant
create or replace view tenant_event with (security_invoker = true) as
select e.id, e.dispatched_at, e.type::text as type, e.key::text as key, e.tenant::text as tenant,
       e.payload::jsonb as payload, e.body::bytea as body, e.content_type::text as content_type,
       e.meta::jsonb as meta, e.schema_version::integer as schema_version
  from event e
 cross join (values (1)) as once (row);
