-- enqueue_bytes: enqueue() for a payload of any bytes.
--
-- Arguments   body: the bytes. content_type: what they are: 'application/msgpack'. The rest as
--             enqueue().
-- Returns     the task's id.
-- Raises      as enqueue(); BT042 body or content_type is null.
-- Tables      as enqueue_apart().
-- Access: dispatch, node, orchestrate
create or replace function enqueue_bytes(
    handler      text,
    body         bytea,
    content_type text,
    run_at       timestamptz default null,
    priority     integer     default 0,
    labels       text[]      default '{}',
    tenant       text        default null,
    meta         jsonb       default null,
    schema_version integer   default 1,
    unique_key   text        default null,
    on_conflict  text        default 'skip',
    lane         text        default null,
    longest_wait interval    default null,
    after        bigint      default null,
    when_failed  text        default 'cancel',
    every        interval    default null,
    expires_at   timestamptz default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if enqueue_bytes.body is null or enqueue_bytes.content_type is null then
        raise exception 'a task of bytes needs both: body and content_type'
            using errcode = 'BT042';
    end if;
    return enqueue_apart(
        enqueue_bytes.handler, '{}', enqueue_bytes.body, enqueue_bytes.content_type,
        enqueue_bytes.run_at, enqueue_bytes.priority, enqueue_bytes.labels, enqueue_bytes.tenant,
        enqueue_bytes.meta, enqueue_bytes.schema_version, enqueue_bytes.unique_key,
        enqueue_bytes.on_conflict, enqueue_bytes.lane, enqueue_bytes.longest_wait,
        enqueue_bytes.after, enqueue_bytes.when_failed, enqueue_bytes.every,
        enqueue_bytes.expires_at);
end;
$$;
