-- register_node: take part in this environment as a node, with the handlers that a process carries.
--
-- A machine that is not admitted gets the reason as an answer, not as an exception: commit, because
-- the attempt is written down in the same transaction. See admit_node().
--
-- Call it at each start of a process. The session that it returns is what every other call needs;
-- whoever has it is that node, so keep it in memory alone.
--
-- Arguments
--   environment, machine_id, proof, enrol_as  see admit_machine(). The proof answers challenge().
--   name      for people to read: host and process, as 'web-3:4711'.
--   handlers  [{"name": "send_invoice", "version": 2, "build": "...", "events": ["order/placed"],
--             "from": 1, "lane": "key", "accepts_from": [1], "view": "year_report",
--             "columns": [...]}, ...]: what the process carries. The build says which code it is: a
--             digest. While the version is live, each event of a type among events becomes a task
--             of it, with the event's key as its lane, if lane says so; of a type that the handler
--             never named before also those from the position that from says, see add_backfill().
--             And it does the tasks that wait of the versions among accepts_from. The rows that
--             members of its task sets make are shown in the view: task_set_view_of().
--   labels    what else it has: 'gpu'. It gets tasks that ask for none, or for some of these.
--   lease     how long it is believed without a call of heartbeat() or claim(): 1 second to 1 hour.
--             After that its tasks are handed to others.
-- Returns   one row. session: null where it is refused, then refused_code and refused_message:
--           those of admit_node(), or BT012: this version of a handler is on record here with
--           another build: give the changed code a new version. In an environment of kind
--           development the new build counts.
-- Raises    BT042 a handler, label or lease is not as it must be, or a handler has the name of a
--           view set.
-- Tables    node: insert, delete. machine: read. refusal: see refuse_machine(). node_handler: see
--           carry_handlers(). handler, handler_version, requirement, task_set_view: see
--           register_handler().
-- Access: node
create or replace function register_node(
    environment text,
    machine_id  text,
    proof       text,
    enrol_as    bytea,
    name        text,
    handlers    jsonb,
    labels      text[]   default '{}',
    lease       interval default '30 seconds'
)
returns table (session text, refused_code text, refused_message text)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    node_name constant text := pg_catalog.left(coalesce(register_node.name, 'unnamed'), 50);
    sorted    constant text[] := sorted_labels(register_node.labels);
    node_id   bigint;
begin
    perform require_rows();
    if register_node.lease between interval '1 second' and interval '1 hour' is not true then
        raise exception 'a lease of % is not between 1 second and 1 hour',
            coalesce(register_node.lease::text, 'null')
            using errcode = 'BT042';
    end if;
    if pg_catalog.jsonb_typeof(register_node.handlers) is distinct from 'array' then
        raise exception 'handlers is no array of JSON: '
            '[{"name": "send_invoice", "version": 1, "build": "..."}]'
            using errcode = 'BT042';
    end if;

    select a.code, a.message into refused_code, refused_message
      from admit_node(register_node.environment, node_name, register_node.machine_id,
                      register_node.proof, register_node.enrol_as) as a;
    if refused_code is not null then
        return next;
        return;
    end if;
    -- revoke_machine() marks the machine, then ends its nodes: it finds this one, or is found here.
    perform from machine m where m.machine_id = register_node.machine_id for key share;

    node_id := pg_catalog.nextval(pg_get_serial_sequence('node', 'id'));
    session := node_id::text || '.' || encode(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'hex'::text);
    insert into node (id, session_hash, name, machine_id, labels, lease)
    overriding system value
    values (node_id, pg_catalog.sha256(pg_catalog.convert_to(session, 'UTF8'::name)), node_name,
            register_node.machine_id, sorted, register_node.lease);

    begin
        perform carry_handlers(node_id, register_node.handlers);
    exception when sqlstate 'BT012' then
        get stacked diagnostics refused_message = message_text;
        refused_code := 'BT012';
        session := null;
        delete from node n where n.id = node_id;
        perform refuse_machine(refused_code, refused_message, node_name,
                               register_node.machine_id);
    end;
    return next;
end;
$$;
