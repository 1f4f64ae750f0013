-- event_content: the wide columns of one event, or why they cannot be read. Internal:
-- wide_events(), log_lines().
--
-- Whatever is in the log must not stop whoever reads it: a text that no memory can hold, a part
-- that the disk has lost. That is this event's fault, and no other's. What passes (the server is
-- short of something, the disk gives an error) is tried again first. What is short stays an error:
-- a full disk or a lack of sessions is no event's fault, and a lack of memory none of a small one.
--
-- Arguments  event_id. text_max: how long each text, and the body, may be.
-- Returns    payload and meta as text, body, and fault: null, or why the three of them are null.
--            is_there: whether there is such an event.
-- Raises     class 53: the server is short of something, whichever event it is about.
-- Tables     event: read.
-- Access: orchestrate
create or replace function event_content(
    event_id     bigint,
    text_max     bigint default 268435456,
    out is_there boolean,
    out payload  text,
    out body     bytea,
    out meta     text,
    out fault    text
)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    tries  integer := 0;
    stored bigint;
begin
    select coalesce(pg_catalog.pg_column_size(e.payload), 0)
           + coalesce(pg_catalog.pg_column_size(e.meta), 0)
           + coalesce(octet_length(e.body), 0)
      into stored
      from event e
     where e.id = event_content.event_id;
    event_content.is_there := found;
    while event_content.is_there loop
        tries := tries + 1;
        begin
            select coalesce('payload: ' || print_fault(e.payload, event_content.text_max),
                            'meta: ' || print_fault(e.meta, event_content.text_max),
                            case when octet_length(e.body) > event_content.text_max
                                 then 'body: it has more than ' || event_content.text_max::text
                                      || ' bytes' end)
              into event_content.fault
              from event e
             where e.id = event_content.event_id;
            exit when event_content.fault is not null;
            -- `||` fetches the body now: what is missing of it would be missed outside of here.
            select e.payload::text, e.body || ''::bytea, e.meta::text
              into event_content.payload, event_content.body, event_content.meta
              from event e
             where e.id = event_content.event_id;
            if coalesce(octet_length(event_content.payload), 0)
               + coalesce(octet_length(event_content.meta), 0)
               + 2 * coalesce(octet_length(event_content.body), 0)::bigint
               > 2 * event_content.text_max
            then
                event_content.fault := pg_catalog.format('all of it has more than %s bytes as text',
                                                         2 * event_content.text_max);
            end if;
            exit;
        exception when others then
            if left(sqlstate, 2) in ('53', '58') and tries < 3 then
                perform pg_catalog.pg_sleep(0.1);
                continue;
            end if;
            if sqlstate like '53%' and (sqlstate <> '53200' or stored <= 2000) then
                raise;
            end if;
            event_content.fault := pg_catalog.format('%s (SQLSTATE %s)', sqlerrm, sqlstate);
            exit;
        end;
    end loop;
    if event_content.fault is not null then
        event_content.payload := null;
        event_content.body := null;
        event_content.meta := null;
    end if;
end;
$$;
