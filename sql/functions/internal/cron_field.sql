-- cron_field: a field of a cron expression as a set of numbers. Internal: parse_cron().
--
-- Arguments   field: what it is called. said: what stands there. lowest, highest: its numbers.
--             names: of those, from the lowest on; null: it has none.
-- Returns     the bits of schedule_plan.
-- Raises      BT059 that is none, with what it may be.
create or replace function cron_field(
    field text, said text, lowest integer, highest integer, names text[])
returns bigint
language plpgsql
immutable
set search_path from current
as $$
declare
    item  text;
    bits  bigint;
    found bigint := 0;
begin
    foreach item in array pg_catalog.string_to_array(upper(cron_field.said), ',') loop
        bits := cron_item(cron_field.field, item, cron_field.lowest, cron_field.highest,
                          cron_field.names);
        if bits is null then
            perform refuse_schedule(pg_catalog.format(
                '%s is no %s: that may be * or %s to %s%s, a range (%3$s-%4$s), a step of at most '
                '%6$s (*/2 or %3$s-%4$s/2)%7$s, or several of them with commas',
                pg_catalog.quote_literal(pg_catalog.left(item, 80)), cron_field.field,
                cron_field.lowest::text, cron_field.highest::text,
                ' or ' || cron_field.names[1] || ' to '
                       || cron_field.names[cardinality(cron_field.names)],
                (cron_field.highest - cron_field.lowest + 1)::text,
                case cron_field.field
                    when 'day of the month' then ', L for the last day, L-2 for two days before it'
                    when 'day of the week' then ', FRIL for the last Friday, MON#2 for the second '
                                                'Monday of the month' end));
        end if;
        found := found | bits;
    end loop;
    return found;
end;
$$;
