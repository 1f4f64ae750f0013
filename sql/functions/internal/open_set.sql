-- open_set: open a task set. Internal: open_task_set(), open_next_set().
--
-- Opening and promoting lock the handler's row, so a set has the version that was live until the
-- transaction that opened it committed.
--
-- Arguments   wanted: its handler, key and policies; the rest is found here. members, labels: see
--             open_task_set().
-- Returns     its id.
-- Raises      see open_task_set().
-- Locks       the handler's row, until the transaction ends.
-- Tables      handler: lock. handler_version: read. task_set: insert. requirement: see
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
    pin handler_version;
begin
    perform from handler h where h.name = wanted.handler for share;
    if not found then
        perform refuse_handler(wanted.handler);
    end if;
    select v.* into strict pin
      from handler h
      join handler_version v on v.handler = h.name and v.version = h.live_version
     where h.name = wanted.handler;
    perform declare_event_types(array['set/published']);

    wanted.id := pg_catalog.nextval(pg_get_serial_sequence('task_set', 'id'));
    wanted.version := pin.version;
    wanted.build := pin.build;
    wanted.requirement := requirement_of(pin.handler, pin.version, open_set.labels, pin.build);
    wanted.input_position := freeze_inputs(wanted.id, wanted.inputs);
    begin
        insert into task_set (
            id, handler, key, requirement, version, build, input_position, inputs, is_sealed,
            on_promotion, deadline_at, at_deadline, kept)
        overriding system value
        values (wanted.id, wanted.handler, wanted.key, wanted.requirement, wanted.version,
                wanted.build, wanted.input_position, wanted.inputs, wanted.is_sealed,
                wanted.on_promotion, wanted.deadline_at, wanted.at_deadline, wanted.kept);
    exception when unique_violation then
        raise exception 'a task set of handler % and key % was opened just now', wanted.handler,
            wanted.key
            using errcode = 'BT052';
    end;
    if add_members(wanted.id, open_set.members) = 0 and wanted.is_sealed then
        raise exception 'a task set without members: give {"name": payload, ...}, or seal => false '
            'and add_to_task_set()'
            using errcode = 'BT042';
    end if;
    return wanted.id;
end;
$$;
