-- open_set: open a task set. Internal: open_task_set(), open_next_set().
--
-- Arguments   wanted: its handler, key and policies; the rest is found here. members, labels: see
--             open_task_set().
-- Returns     its id.
-- Raises      see open_task_set().
-- Locks       see pin_task_set().
-- Tables      task_set, task_set_pin: insert. handler_version: read. requirement: see
--             requirement_of(). task_set_input: see freeze_inputs(). task_set_member: see
--             add_members(). declared_event_type: see declare_event_types().
create or replace function open_set(wanted task_set, members jsonb, labels text[])
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    pinned versioned[];
begin
    select p.version, p.build, p.pins into strict wanted.version, wanted.build, pinned
      from pin_task_set(wanted.handler) as p;
    perform declare_event_types(array['set/published']);
    wanted.id := pg_catalog.nextval(pg_get_serial_sequence('task_set', 'id'));
    wanted.input_position := freeze_inputs(wanted.id, wanted.inputs);
    begin
        insert into task_set (
            id, handler, key, version, build, input_position, inputs, is_sealed,
            on_promotion, deadline_at, at_deadline, kept)
        overriding system value
        values (wanted.id, wanted.handler, wanted.key, wanted.version, wanted.build,
                wanted.input_position, wanted.inputs, wanted.is_sealed,
                wanted.on_promotion, wanted.deadline_at, wanted.at_deadline, wanted.kept);
    exception when unique_violation then
        raise exception 'a task set of handler % and key % was opened just now', wanted.handler,
            wanted.key
            using errcode = 'BT052';
    end;
    insert into task_set_pin (task_set, handler, version, build, requirement)
    select wanted.id, v.handler, v.version, v.build,
           requirement_of(v.handler, v.version, open_set.labels, v.build)
      from pg_catalog.unnest(pinned) as p
      join handler_version v on v.handler = p.name and v.version = p.version;
    if add_members(wanted.id, open_set.members) = 0 and wanted.is_sealed then
        raise exception 'a task set without members: give {"name": payload, ...}, or seal => false '
            'and add_to_task_set()'
            using errcode = 'BT042';
    end if;
    return wanted.id;
end;
$$;
