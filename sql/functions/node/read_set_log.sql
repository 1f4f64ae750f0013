-- read_set_log: the log, as far as a task set reads it, for its members. As read_log(), which see.
--
-- Arguments   session: of register_node(). token: of claim(). after_position, limit_count: see
--             read_log(). types: only events of these; null: all.
-- Returns     rows of read_log(), none after the set's input position; with types, of the
--             limit_count events that follow, those of these types, and always the last one of
--             them, so that its position leads on.
-- Raises      BT039 the task is this claim's no more. BT038, BT032, BT042 see member_shown().
-- Tables      task_set: read. The log: see read_log().
-- Access: node
create or replace function read_set_log(
    session        text,
    token          text,
    after_position bigint  default 0,
    limit_count    integer default 1000,
    types          text[]  default null
)
returns table (
    "position"     bigint,
    id             bigint,
    dispatched_at  timestamptz,
    type           text,
    key            text,
    tenant         text,
    payload        jsonb,
    body           bytea,
    content_type   text,
    meta           jsonb,
    schema_version integer
)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    m    task_set_member := member_shown(read_set_log.session, read_set_log.token);
    last bigint := least(read_set_log.after_position + read_set_log.limit_count,
                         (select s.input_position from task_set s where s.id = m.task_set));
begin
    perform require_held(read_set_log.session, read_set_log.token);
    return query
        select e.*
          from read_log(read_set_log.after_position,
                        greatest(last - read_set_log.after_position, 0)::integer) as e
         where read_set_log.types is null or e.type = any (read_set_log.types)
            or e.position = last
         order by e.position;
end;
$$;
