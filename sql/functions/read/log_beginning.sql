-- log_beginning: the log begins after this position: the events up to it were dropped by retention.
--
-- In PL/pgSQL, which keeps the plan.
--
-- Returns     a position; 0 where the log has all of its events.
-- Tables      log_retention: read.
-- Access: node, observe, orchestrate
create or replace function log_beginning()
returns bigint
language plpgsql
stable
security definer
set search_path from current
as $$
begin
    return (select r.begins_after from log_retention r where r.only_row);
end;
$$;
