-- wide_events: the wide columns of some events, until there is enough. Internal.
--
-- The reader of a page of the log cannot know how large its events are, and a stored size does not
-- tell: what is compressed may be ninety times as long, and a number of 16 bytes has up to 147,000
-- digits. So a page leaves out the columns of large events (columns_for() in the log reader), and
-- they are read here, one after the other. The one that cannot be read says why; the others are
-- not touched by that.
--
-- Arguments   ids: of events, ascending. bytes_max: stop at the event that reaches it. carefully:
--             one event that cannot be read does not end it. That costs each a subtransaction, so
--             it is asked for where it was needed; what may be very long is always read so.
-- Returns     the events' columns, as text, and fault: null, or why an event has none of them; in
--             the order of ids, and at least one if it exists.
-- Raises      as event_content(); if not carefully, whatever is wrong with an event.
-- Tables      event: read.
-- Access: orchestrate
create or replace function wide_events(
    ids       bigint[],
    bytes_max bigint,
    carefully boolean default false
)
returns table (
    id      bigint,
    payload text,
    body    bytea,
    meta    text,
    fault   text
)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    wanted bigint;
    bytes  bigint := 0;
begin
    foreach wanted in array wide_events.ids loop
        wide_events.payload := null;
        if not wide_events.carefully then
            -- So little is at most 256 MB as text (print_fault.sql).
            select e.id, e.payload::text, e.body, e.meta::text
              into wide_events.id, wide_events.payload, wide_events.body, wide_events.meta
              from event e
             where e.id = wanted
               and pg_catalog.pg_column_size(e.payload || '{}') <= 28000
               and coalesce(pg_catalog.pg_column_size(e.meta || '{}'), 0) <= 28000;
        end if;
        if wide_events.payload is null then
            select wanted, c.payload, c.body, c.meta, c.fault
              into wide_events.id, wide_events.payload, wide_events.body, wide_events.meta,
                   wide_events.fault
              from event_content(wanted) as c
             where c.is_there;
            continue when not found;
        end if;
        return next;
        wide_events.fault := null;
        bytes := bytes + coalesce(octet_length(wide_events.payload), 0)
            + coalesce(octet_length(wide_events.meta), 0)
            + coalesce(octet_length(wide_events.body), 0);
        exit when bytes >= wide_events.bytes_max;
    end loop;
end;
$$;
