-- raise_dispatch_ceiling: allow ids up to `id` under back-pressure. Internal.
--
-- Lowers it only if two raise it at once and the lower one comes last; the next batch puts that
-- right.
create or replace function raise_dispatch_ceiling(id bigint)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if raise_dispatch_ceiling.id > pg_catalog.pg_sequence_last_value('dispatch_ceiling') then
        perform pg_catalog.setval('dispatch_ceiling', raise_dispatch_ceiling.id);
    end if;
end;
$$;
