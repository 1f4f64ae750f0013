-- cron_number: a number of a cron expression, or the name of one. Internal: cron_item().
--
-- Arguments   word: in capitals. lowest, highest: what it may be. names: from the lowest on; null:
--             it has none.
-- Returns     null where it is none.
create or replace function cron_number(word text, lowest integer, highest integer, names text[])
returns integer
language plpgsql
immutable
set search_path from current
as $$
declare
    number constant integer :=
        case when cron_number.word ~ '^[0-9]{1,4}$' then cron_number.word::integer
             else cron_number.lowest - 1
                  + pg_catalog.array_position(cron_number.names, cron_number.word) end;
begin
    return case when number between cron_number.lowest and cron_number.highest then number end;
end;
$$;
