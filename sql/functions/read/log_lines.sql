-- log_lines: the log as `baton log` prints it. An event that cannot be read is a line, too, which
-- says why; and the lines end where there are enough bytes, whatever the events take in the log.
--
-- Arguments   after_position: look at the events after it. scan_count: at so many at most.
--             limit_count: so many lines at most. as_json: content is the whole event, as JSON.
--             bytes_max: stop at the event that reaches it. of_type, of_key, of_tenant, since: only
--             events of these; null: of all. since: dispatched then or later.
-- Returns     the events, in order of position; then a row that has a position only: up to where
--             the log was looked at, after_position where it ends there.
-- Raises      as read_log() and event_content().
-- Cost        of each event that is looked at what read_log() takes for it, wanted or not.
-- Access: observe, orchestrate
create or replace function log_lines(
    after_position bigint      default 0,
    limit_count    integer     default 1000,
    as_json        boolean     default false,
    scan_count     integer     default 1000,
    of_type        text        default null,
    of_key         text        default null,
    of_tenant      text        default null,
    since          timestamptz default null,
    bytes_max      bigint      default 8388608
)
returns table (
    "position"    bigint,
    dispatched_at timestamptz,
    type          text,
    key           text,
    content       text
)
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    event      record;
    inside     record;
    bytes      bigint  := 0;
    lines      integer := 0;
    scanned_to bigint  := log_lines.after_position;
    line       json;
begin
    for event in
        select l.position, l.id, l.dispatched_at, l.type, l.key, l.tenant, l.content_type,
               l.schema_version
          from read_log(log_lines.after_position, log_lines.scan_count) as l
    loop
        scanned_to := event.position;
        continue when event.type <> log_lines.of_type
            or event.key is distinct from log_lines.of_key and log_lines.of_key is not null
            or event.tenant is distinct from log_lines.of_tenant
               and log_lines.of_tenant is not null
            or event.dispatched_at < log_lines.since;
        inside := event_content(event.id, 268435456::bigint);
        if log_lines.as_json then
            select pg_catalog.row_to_json(e)
              into line
              from (select event.position, event.id, event.dispatched_at, event.type, event.key,
                           event.tenant, inside.payload::json as payload, inside.body,
                           event.content_type, inside.meta::json as meta, event.schema_version)
                   as e;
            log_lines.content := case
                when inside.fault is null then line::text
                else left(line::text, -1) || ',"cannot_be_read":'
                     || pg_catalog.to_json(inside.fault)::text || '}'
                end;
        else
            log_lines.content := case
                when inside.fault is not null then 'cannot be read: ' || inside.fault
                when event.content_type is null then inside.payload
                else event.content_type || ' of ' || octet_length(inside.body)::text || ' bytes'
                end;
        end if;
        log_lines.position := event.position;
        log_lines.dispatched_at := event.dispatched_at;
        log_lines.type := event.type;
        log_lines.key := event.key;
        return next;
        bytes := bytes + coalesce(octet_length(log_lines.content), 0);
        lines := lines + 1;
        exit when bytes >= log_lines.bytes_max or lines >= log_lines.limit_count;
    end loop;
    log_lines.position := scanned_to;
    log_lines.dispatched_at := null;
    log_lines.type := null;
    log_lines.key := null;
    log_lines.content := null;
    return next;
end;
$$;
