-- log_lines: the log as `baton log` prints it. An event that cannot be read is a line, too, which
-- says why; and the lines end where there are enough bytes, whatever the events take in the log.
--
-- Arguments   after_position, limit_count: as of read_log().
--             as_json: content is the whole event, a JSON object.
--             bytes_max: stop at the event that reaches it.
-- Returns     the events, in order of position; at least one if there is one.
-- Raises      as read_log() and event_content().
-- Tables      event: read; and those of read_log().
create or replace function log_lines(
    after_position bigint  default 0,
    limit_count    integer default 1000,
    as_json        boolean default false,
    bytes_max      bigint  default 8388608
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
    event record;
    inside record;
    bytes bigint := 0;
    line  json;
begin
    for event in
        select l.position, l.id, l.dispatched_at, l.type, l.key, l.tenant, l.content_type,
               l.schema_version
          from read_log(log_lines.after_position, log_lines.limit_count) as l
    loop
        inside := event_content(event.id);
        if log_lines.as_json then
            select row_to_json(e)
              into line
              from (select event.position, event.id, event.dispatched_at, event.type, event.key,
                           event.tenant, inside.payload::json as payload, inside.body,
                           event.content_type, inside.meta::json as meta, event.schema_version)
                   as e;
            log_lines.content := case
                when inside.fault is null then line::text
                else left(line::text, -1) || ',"cannot_be_read":'
                     || to_json(inside.fault)::text || '}'
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
        exit when bytes >= log_lines.bytes_max;
    end loop;
end;
$$;
