-- tenant_tables: the tables whose rows are tenants', in the order in which they are locked.
-- Internal: check_row_security(), check_tenants(), secure_tenants(), set_tenants(), and grants.sql.
--
-- Returns   names.
create or replace function tenant_tables()
returns text[]
language sql
immutable
set search_path from current
as $$
    select array['event', 'task', 'task_end'];
$$;
