-- tenant_task_state: where a task of this session's tenant stands.
--
-- Arguments   task: of tenant_enqueue().
-- Returns     one row, as task_state(); none where there is no such task, or it is another's.
-- Raises      BT068 the session has no tenant.
-- Tables      task: read. See task_state(), current_tenant().
-- Access: tenant
create or replace function tenant_task_state(task bigint)
returns table (
    handler text, state text, attempts integer, due_at timestamptz, result jsonb, error text)
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    whose constant text := current_tenant();
begin
    return query
        select s.handler, s.state, s.attempts, s.due_at, s.result, s.error
          from task_state(tenant_task_state.task) as s
         where exists (select from task t
                        where t.id = tenant_task_state.task and t.tenant = whose);
end;
$$;
