-- tenant_task: the tasks of this session's tenant, and how those ended that have.
--
-- It reads with its reader's rights, so that the policies of the tables choose the rows: see
-- secure_tenants(). tenant_task_state() says where one stands that has not ended.
--
-- Tables    task, task_end, requirement: read.
-- Access: tenant
create or replace view tenant_task with (security_invoker = true) as
select t.id, r.handler, t.tenant::text as tenant, t.enqueued_at, t.unique_key,
       t.payload::jsonb as payload, t.body::bytea as body, t.content_type::text as content_type,
       t.meta::jsonb as meta, t.schema_version, e.outcome, e.attempts, e.ended_at,
       e.result::jsonb as result, e.reason
  from task t
  join requirement r on r.id = t.requirement
  left join task_end e on e.task = t.id;
