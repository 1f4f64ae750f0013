-- cron_item: what stands between two commas in a field of a cron expression. Internal:
-- cron_field().
--
-- Arguments   as cron_field(); item: in capitals.
-- Returns     the bits of schedule_plan; null where it is none.
create or replace function cron_item(
    field text, item text, lowest integer, highest integer, names text[])
returns bigint
language plpgsql
immutable
set search_path from current
as $$
declare
    is_weekday constant boolean := cron_item.field = 'day of the week';
    part       constant text[] := pg_catalog.regexp_match(
        cron_item.item, '^([*]|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:/([0-9]{1,4}))?$');
    step       constant integer := coalesce(part[3], '1')::integer;
    low        integer;
    high       integer;
    bits       bigint := 0;
begin
    if cron_item.field = 'day of the month' and cron_item.item ~ '^L(-([12]?[0-9]|30))?$' then
        return 1::bigint << (32 + coalesce(nullif(substr(cron_item.item, 3), ''), '0')::integer);
    elsif is_weekday and cron_item.item ~ '^[A-Z0-9]+(L|#[1-5])$' then
        low := cron_number(pg_catalog.regexp_replace(cron_item.item, '(L|#.)$', ''), 0, 7,
                           cron_item.names) % 7;
        return 1::bigint << (low + case when cron_item.item ~ 'L$' then 43
                                        else 1 + 7 * pg_catalog.right(cron_item.item, 1)::integer
                                   end);
    elsif part[1] = '*' and part[2] is null then
        low := cron_item.lowest;
        high := case when is_weekday then 6 else cron_item.highest end;
    elsif part[3] is null or part[2] is not null then
        low := cron_number(part[1], cron_item.lowest, cron_item.highest, cron_item.names);
        high := case when part[2] is null then low
                     else cron_number(part[2], cron_item.lowest, cron_item.highest,
                                      cron_item.names) end;
    end if;
    if low <= high and step between 1 and cron_item.highest - cron_item.lowest + 1 then
        for number in low..high by step loop
            bits := bits | (1::bigint << number);
        end loop;
        return case when is_weekday and (bits >> 7) & 1 = 1 then (bits | 1) & ~128::bigint
                    else bits end;
    end if;
    return null;
end;
$$;
