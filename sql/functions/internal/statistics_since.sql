-- statistics_since: from when on statistics are asked for, once it is clear that they can be.
-- Internal: statistics().
--
-- Arguments   by, since, every: see statistics().
-- Returns     the beginning of the minute, or of the hour, in which that is.
-- Raises      BT042 by, since or every are none.
create or replace function statistics_since(by text, since timestamptz, every interval)
returns timestamptz
language plpgsql
stable
set search_path from current
as $$
begin
    if statistics_since.by in ('handler', 'queue', 'tenant', 'event', 'view') is not true then
        raise exception
            'there are no statistics by %; say by handler, queue, tenant, event or view',
            coalesce(pg_catalog.quote_literal(statistics_since.by), 'null')
            using errcode = 'BT042';
    end if;
    if pg_catalog.isfinite(statistics_since.since) is not true then
        raise exception 'statistics cannot begin at %; say a time',
            coalesce(statistics_since.since::text, 'null') using errcode = 'BT042';
    end if;
    if statistics_since.every < interval '1 minute'
       or extract(year from statistics_since.every) <> 0
       or extract(month from statistics_since.every) <> 0
    then
        raise exception 'statistics are not kept for every %; say a minute or more, in minutes, '
            'hours or days', statistics_since.every using errcode = 'BT042';
    end if;
    return pg_catalog.date_trunc(
        case when statistics_since.since < clock_timestamp() - interval '3 hours' then 'hour'
             else 'minute' end, statistics_since.since, 'UTC');
end;
$$;
