-- capture_side: SQL for a field of the old or the new row. Internal: capture_object(),
-- capture_key(), capture_pairs().
create or replace function capture_side(side text, field text, place bigint)
returns text
language sql
immutable
set search_path from current
as $$
    select case when capture_side.side in ('old', 'new')
                then pg_catalog.format('%s.%I', capture_side.side, capture_side.field)
                else pg_catalog.format('p.%s%s', capture_side.side, capture_side.place) end;
$$;
