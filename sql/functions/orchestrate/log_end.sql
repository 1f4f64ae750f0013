-- log_end: the position of the newest event that was recorded, 0 in a new log.
--
-- In PL/pgSQL, which keeps the plan.
--
-- Returns   a position.
-- Tables    batch: read.
-- Access: orchestrate
create or replace function log_end()
returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
    return coalesce((select b.first_position + b.count - 1
                       from batch b
                      order by b.first_position desc
                      limit 1), 0);
end;
$$;
