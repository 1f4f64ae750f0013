-- set_limit: change a named limit of dispatch.
--
-- JSON is held to its limit as it is stored and as it is printed (require_readable.sql), but for
-- what is so small that it need not be printed, which costs more than all other checks of an event.
-- Such JSON, whatever it holds,
--   - has as text at most four times the limit, because none is more than 9300 times as long as it
--     is stored. The worst is an array of numbers of 131,072 digits before the point and 16,383
--     behind it, of which a single one need not be zero: 147,459 characters with sign, point, comma
--     and space, in 16 bytes (an entry of 4, and a numeric of 10, aligned to 12).
--   - is nested less than 64 deep: each array in an array takes 8 bytes, its entry and its own
--     header, so 65 take 520, and it has at most 500.
--
-- Arguments   name: type_bytes, key_bytes, tenant_bytes, payload_bytes, content_type_bytes,
--             meta_bytes or max_lag. value: a whole number above 0; null switches max_lag off.
-- Raises      BT025 there is no such limit, or the value is out of range.
-- Locks       the domain of the field, until the transaction ends; waits at most lock_timeout.
--             Events that are there already are not checked again.
-- Tables      event_limit: update. batch: read.
create or replace function set_limit(name text, value bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    domains text[] := case set_limit.name when 'payload_bytes'
                           then array['event_payload', 'event_body']
                           else array['event_' || replace(set_limit.name, '_bytes', '')] end;
    one     text;
    length  text;
begin
    if set_limit.name is null
       or set_limit.name not in ('type_bytes', 'key_bytes', 'tenant_bytes', 'payload_bytes',
                              'content_type_bytes', 'meta_bytes', 'max_lag')
    then
        raise exception 'there is no limit "%"; there are type_bytes, key_bytes, tenant_bytes, '
            'payload_bytes, content_type_bytes, meta_bytes, max_lag',
            coalesce(set_limit.name, 'null')
            using errcode = 'BT025';
    end if;
    if set_limit.value <= 0
       or (set_limit.name <> 'max_lag' and (set_limit.value is null or set_limit.value > 268435456))
    then
        raise exception 'limit % cannot be %; give a number from 1 to 268435456%',
            set_limit.name, coalesce(set_limit.value::text, 'null'),
            case when set_limit.name = 'max_lag' then ', or null for none' else '' end
            using errcode = 'BT025';
    end if;

    perform require_rows();
    execute pg_catalog.format('update event_limit set %I = $1 where only_row', set_limit.name)
        using set_limit.value;
    if set_limit.name = 'max_lag' then
        perform pg_catalog.setval('dispatch_ceiling',
            coalesce((select max(b.last_id) from batch b
                       where b.first_position > (select max(first_position) - 1 from batch)), 0)
            + coalesce(set_limit.value, 1),
            set_limit.value is not null);
        return;
    end if;
    foreach one in array domains loop
        length := case when one in ('event_payload', 'event_meta')
                       then 'pg_catalog.pg_column_size(value operator(pg_catalog.||) ''{}'')'
                       else 'pg_catalog.octet_length(value)' end;
        execute pg_catalog.format('alter domain %I drop constraint if exists %I', one,
                                  one || '_bytes');
        execute pg_catalog.format(
            'alter domain %I add constraint %I check (%s) not valid',
            one, one || '_bytes',
            case when one in ('event_payload', 'event_meta')
                 then pg_catalog.format(
                    '%s%s <= %s or require_readable(%L, value, %s)',
                    case one when 'event_meta' then 'value is null or ' else '' end, length,
                    least(4 * set_limit.value / 9300, 500), substr(one, 7), set_limit.value)
                 else pg_catalog.format(
                    '%s <= %s or refuse_field(%L, %s)',
                    case one when 'event_body' then length
                             else pg_catalog.format('nullif(%s, 0)', length) end,
                    set_limit.value, substr(one, 7),
                    case one when 'event_type' then pg_catalog.format('coalesce(%s, -1)', length)
                             else length end) end);
    end loop;
end;
$$;
