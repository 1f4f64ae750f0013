-- wide_events: the wide columns of some events, until there is enough. Internal.
--
-- Who reads a page of the log cannot know how large its events are, and a stored size does not
-- tell: what is compressed may be ninety times as long. So a page leaves out the columns of large
-- events (is_wide() in the log reader), and they are read here, one after the other.
--
-- Arguments   ids: of events, ascending. bytes_max: stop at the event that reaches it.
-- Returns     the events' columns, as text; in the order of ids, and at least one if it exists.
-- Tables      event: read.
create or replace function wide_events(ids bigint[], bytes_max bigint)
returns table (
    id      bigint,
    payload text,
    body    bytea,
    meta    text
)
language plpgsql
stable
set search_path from current
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    wanted bigint;
    bytes  bigint := 0;
begin
    foreach wanted in array wide_events.ids loop
        select e.id, e.payload::text, e.body, e.meta::text
          into wide_events.id, wide_events.payload, wide_events.body, wide_events.meta
          from event e
         where e.id = wanted;
        continue when not found;
        return next;
        bytes := bytes + coalesce(octet_length(wide_events.payload), 0)
            + coalesce(octet_length(wide_events.meta), 0)
            + coalesce(octet_length(wide_events.body), 0);
        exit when bytes >= wide_events.bytes_max;
    end loop;
end;
$$;
