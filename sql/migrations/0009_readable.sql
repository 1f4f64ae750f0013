-- JSON is measured as it will be read.
--
-- pg_column_size() tells what a value takes in the log, and no more: a number of 16 bytes has up to
-- 147,000 digits as text, an escape has six characters, and a compressed value a hundred times its
-- size. So JSON is printed and measured, unless it is so small that it need not be: printing costs
-- more than all other checks of an event. `||` with an empty object gives the value as it is in
-- memory. functions/set_limit.sql writes the same.
--
-- What is so small, whatever it holds:
--   - as text it has at most four times the limit, because no JSON is more than 9300 times as long
--     as it is stored. The worst is an array of numbers of 131,072 digits before the point and
--     16,383 behind it, of which a single one need not be zero: 147,459 characters with sign,
--     point, comma and space, in 16 bytes (an entry of 4, and a numeric of 10, aligned to 12).
--   - it is nested less than 64 deep: each array in an array takes 8 bytes, its entry and its own
--     header, so 65 take 520, and it has at most 500.

-- The domains name it, so it must be there before them; functions/require_readable.sql says it in
-- full.
create or replace function require_readable(name text, value jsonb, bytes_max integer)
returns boolean
language plpgsql
stable
set search_path from current
as $$
declare
    bytes integer := coalesce(pg_catalog.octet_length(value::text), -1);
begin
    return bytes between 0 and bytes_max or refuse_field(name, bytes);
end;
$$;

do $$
declare
    field     text;
    bytes_max integer;
begin
    foreach field in array array['payload', 'meta'] loop
        select to_jsonb(l) ->> (field || '_bytes') into bytes_max from event_limit l;
        execute format('alter domain %I drop constraint %I', 'event_' || field,
                       'event_' || field || '_bytes');
        execute format(
            'alter domain %I add constraint %I check (%spg_column_size(value || ''{}'') <= %s'
            ' or require_readable(%L, value, %s)) not valid',
            'event_' || field, 'event_' || field || '_bytes',
            case field when 'meta' then 'value is null or ' else '' end,
            least(4 * bytes_max / 9300, 500), field, bytes_max);
    end loop;
end;
$$;
