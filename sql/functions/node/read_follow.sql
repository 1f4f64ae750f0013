-- read_follow: the next events of the log, for all that a node follows: one read, however many
-- bookmarks there are.
--
-- Arguments   session: of register_node(). tokens: of follow(); '{}' to read without a bookmark.
--             limit_count: look at so many events at most, 1 to 10000. after_position: at those
--             behind it; null: behind the bookmark that is least far, and without one from now on.
--             types: only events of these; null: those of the bookmarks, without one all.
--             bytes_max: stop at the event that reaches it; compressed, as they are stored.
-- Returns     rows of read_log(), in order of position; then a row that has a position only: up to
--             where the log was looked at, to advance() to; after_position where it ends there.
-- Raises      BT061, BT062 a bookmark was cut, or is not this node's any more: see
--             require_bookmark(). BT042 an argument is not as it must be. BT049 see
--             require_adopted(). BT038, BT032 see require_node().
-- Cost        of each event that is looked at what read_log() takes for it, wanted or not.
-- Tables      bookmark: see require_bookmark(). The log: see read_log().
-- Access: node
create or replace function read_follow(
    session        text,
    tokens         text[]  default '{}',
    limit_count    integer default 1000,
    after_position bigint  default null,
    types          text[]  default null,
    bytes_max      bigint  default 8388608
)
returns table (
    "position" bigint, id bigint, dispatched_at timestamptz, type text, key text, tenant text,
    payload jsonb, body bytea, content_type text, meta jsonb, schema_version integer)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    me      node := require_node(read_follow.session);
    shown   text;
    held    bookmark;
    after   bigint := read_follow.after_position;
    wanted  text[] := read_follow.types;
    is_all  boolean := coalesce(pg_catalog.cardinality(read_follow.tokens), 0) = 0;
    bytes   bigint := 0;
    reached bigint;
begin
    perform require_adopted();
    if read_follow.limit_count between 1 and 10000 is not true or read_follow.bytes_max is null then
        raise exception 'limit_count is 1 to 10000, not %, and bytes_max a number',
            coalesce(read_follow.limit_count::text, 'null')
            using errcode = 'BT042';
    end if;
    foreach shown in array coalesce(read_follow.tokens, '{}') loop
        held := require_bookmark(me.id, shown);
        if read_follow.after_position is null then
            after := least(after, held.position);
        end if;
        if read_follow.types is null then
            wanted := pg_catalog.array_cat(wanted, held.types);
            is_all := is_all or held.types is null;
        end if;
    end loop;
    is_all := is_all and read_follow.types is null;
    reached := coalesce(after, log_end());
    if reached < 0 or reached > log_end() then
        raise exception 'there is no position % to go on from: the log ends at %', reached,
            log_end()
            using errcode = 'BT042';
    end if;
    for position, id, dispatched_at, type, key, tenant, payload, body, content_type, meta,
        schema_version in
        select e.position, e.id, e.dispatched_at, e.type, e.key, e.tenant, e.payload, e.body,
               e.content_type, e.meta, e.schema_version
          from read_log(reached, read_follow.limit_count) as e
    loop
        reached := position;
        continue when not is_all and type <> all (wanted);
        return next;
        bytes := bytes + pg_catalog.pg_column_size(payload)
                 + coalesce(pg_catalog.pg_column_size(body), 0);
        exit when bytes >= read_follow.bytes_max;
    end loop;
    return query
        select reached, null::bigint, null::timestamptz, null::text, null::text, null::text,
               null::jsonb, null::bytea, null::text, null::jsonb, null::integer;
end;
$$;
