-- refuse_unreadable: raises what is wrong with the JSON of an event, if anything is. Internal:
-- require_readable().
--
-- The limit holds for the value as it is stored and as it is printed, which is how it is read: each
-- digit of a number counts, also those that an exponent stands for, and each escape. Nor may it be
-- nested deeper than the JSON reader of reducers goes.
--
-- Arguments  name: of the field. value. bytes_max: its limit.
-- Returns    true, if it is within the limits.
-- Raises     BT001 null. BT002 too large, or nested too deeply.
-- Access: dispatch, orchestrate
create or replace function refuse_unreadable(name text, value jsonb, bytes_max integer)
returns boolean
language plpgsql
stable
set search_path from current
as $$
declare
    bytes integer := pg_catalog.pg_column_size(refuse_unreadable.value);
begin
    if bytes <= refuse_unreadable.bytes_max then
        begin
            bytes := case
                when print_fault(refuse_unreadable.value, 268435456::bigint) is not null
                then 268435457
                else octet_length(refuse_unreadable.value::text) end;
        exception
            -- There is no memory for a gigabyte of text.
            when program_limit_exceeded or out_of_memory or internal_error then
                bytes := 268435457;
        end;
        if bytes <= refuse_unreadable.bytes_max then
            if not pg_catalog.jsonb_path_exists(
                refuse_unreadable.value,
                'strict $.**{64} ? (@.type() == "array" || @.type() == "object")')
            then
                return true;
            end if;
            raise exception 'event % is nested deeper than 64; give a flatter one, or a text',
                refuse_unreadable.name
                using errcode = 'BT002';
        end if;
    end if;
    return refuse_field(refuse_unreadable.name, coalesce(bytes, -1));
end;
$$;
