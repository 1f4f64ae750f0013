-- JSON is measured as it will be read.
--
-- pg_column_size() tells what a value takes in the log, and no more: a number of 16 bytes has up to
-- 147,000 digits as text, an escape has six characters, and a compressed value a hundred times its
-- size. So JSON is printed and measured, unless it is so small that it need not be: printing costs
-- more than all other checks of an event. `||` with an empty object gives the value as it is in
-- memory. set_limit.sql writes the same, and says what is so small.

-- The domains name it, so it must be there before them; require_readable.sql says it in
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
