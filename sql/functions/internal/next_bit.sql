-- next_bit: the lowest number of a set of bits that is not below another. Internal: local_slot().
--
-- Returns     null where there is none.
create or replace function next_bit(bits bigint, lowest integer)
returns integer
language plpgsql
immutable
set search_path from current
as $$
declare
    rest constant bigint := next_bit.bits >> next_bit.lowest;
begin
    if rest = 0 then
        return null;
    end if;
    return next_bit.lowest + 64 - pg_catalog.strpos((rest & -rest)::bit(64)::text, '1');
end;
$$;
