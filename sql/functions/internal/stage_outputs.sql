-- stage_outputs: put down the events and tasks that a member of a task set made, until the set is
-- published. Internal: complete_member().
--
-- They are held here to what dispatch() and enqueue() ask for, so that the publication does not
-- fail for them.
--
-- Arguments   task_set, member: of which. events, tasks: see complete_member().
-- Raises      BT042 they are not as they must be. BT001, BT002, BT040 an event. BT037 a handler.
-- Tables      task_set_output: insert.
create or replace function stage_outputs(
    task_set bigint, member text, events jsonb, tasks jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    if pg_catalog.jsonb_typeof(stage_outputs.events) is distinct from 'array'
       or pg_catalog.jsonb_typeof(stage_outputs.tasks) is distinct from 'array' then
        raise exception 'events and tasks of member % are no JSON arrays', stage_outputs.member
            using errcode = 'BT042';
    end if;
    if stage_outputs.events = '[]' and stage_outputs.tasks = '[]' then
        return;
    end if;
    if exists (select from jsonb_array_elements(stage_outputs.events) as e (o)
                where pg_catalog.jsonb_typeof(o) <> 'object' or o ->> 'type' is null)
       or exists (select from jsonb_array_elements(stage_outputs.tasks) as e (o)
                   where pg_catalog.jsonb_typeof(o) <> 'object' or o ->> 'handler' is null) then
        raise exception 'what member % made is not as it must be: an event is an object with a '
            'type, a task one with a handler', stage_outputs.member
            using errcode = 'BT042';
    end if;
    perform require_known_type(o ->> 'type')
       from jsonb_array_elements(stage_outputs.events) as e (o)
      where refuses_unknown_types();
    perform require_handler(o ->> 'handler')
       from jsonb_array_elements(stage_outputs.tasks) as e (o);
    insert into task_set_output (
        task_set, member, ordinal, handler, type, key, tenant, payload, meta, schema_version)
    select stage_outputs.task_set, stage_outputs.member, made.n, made.o ->> 'handler',
           coalesce(made.o ->> 'type', '-'), made.o ->> 'key', made.o ->> 'tenant',
           coalesce(made.o -> 'payload', '{}'), nullif(made.o -> 'meta', 'null'),
           coalesce((made.o ->> 'schema_version')::integer, 1)
      from (select e.o - 'handler' as o, e.n
              from jsonb_array_elements(stage_outputs.events) with ordinality as e (o, n)
             union all
            select e.o - 'type', 1000000 + e.n
              from jsonb_array_elements(stage_outputs.tasks) with ordinality as e (o, n)) as made;
exception when invalid_text_representation or numeric_value_out_of_range then
    raise exception 'what member % made is not as it must be: a schema_version is no number',
        stage_outputs.member
        using errcode = 'BT042';
end;
$$;
