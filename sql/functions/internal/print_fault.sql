-- print_fault: why a JSON value must not be printed, or null. Internal: event_content(),
-- readable(), refuse_unreadable(), unfit_payload().
--
-- What jsonb takes in the log says nothing of its text: a number of 16 bytes can have 147,000
-- digits, so that 120 KB are a gigabyte. That much text would be in the server's memory before an
-- error came. So the long numbers are added up first, where there may be so many; all else is at
-- most thirty times as long as it is stored.
--
-- Arguments  value: a payload or meta. bytes_max: how long its text may be.
-- Returns    what is wrong, or null. Exact for a value that is printed then: its text can be
--            longer than bytes_max by what its numbers do not have.
-- Raises     what the server raises where the value cannot be had: a part of it is missing, say.
-- Access: dispatch, orchestrate
create or replace function print_fault(value jsonb, bytes_max bigint)
returns text
language plpgsql
stable
strict
set search_path from current
as $$
declare
    -- `||` gives the value as it is in memory: neither compressed nor elsewhere.
    bytes  bigint := pg_catalog.pg_column_size(print_fault.value || '{}');
    number jsonb;
begin
    if bytes > print_fault.bytes_max then
        return pg_catalog.format('it has %s bytes, more than %s', bytes, print_fault.bytes_max);
    end if;
    if bytes * 9300 <= print_fault.bytes_max then
        return null;
    end if;
    bytes := 0;
    for number in
        select n from pg_catalog.jsonb_path_query(print_fault.value,
                                                  'strict $.** ? (@.type() == "number")') as n
    loop
        bytes := bytes + octet_length(number::text);
        if bytes > print_fault.bytes_max then
            return pg_catalog.format('it is longer than %s bytes as text, by its numbers',
                                     print_fault.bytes_max);
        end if;
    end loop;
    return null;
end;
$$;
