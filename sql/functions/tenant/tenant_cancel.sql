-- tenant_cancel: cancel() for a task of this session's tenant.
--
-- Arguments   task: of tenant_enqueue(). reason: as cancel().
-- Returns     as cancel().
-- Raises      as cancel(); of another tenant's task what it says of one that never was. BT068 the
--             session has no tenant.
-- Tables      task: read. See cancel(), missing_task().
-- Access: tenant
create or replace function tenant_cancel(task bigint, reason text default null)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    if not exists (select from task t
                    where t.id = tenant_cancel.task and t.tenant = current_tenant()) then
        perform current_tenant(), missing_task(tenant_cancel.task);
    end if;
    return cancel(tenant_cancel.task, tenant_cancel.reason);
end;
$$;
