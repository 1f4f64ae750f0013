-- admit_node: the door for nodes: that of admit_machine(), which is shut in a copy that nobody has
-- adopted: unadopted(). Internal: register_node().
--
-- Arguments   as those of admit_machine().
-- Returns     code, message: why it is refused: BT049, or as admit_machine() says.
-- Tables      machine: see admit_machine(). refusal: see refuse_machine().
create or replace function admit_node(
    environment text, node text, machine_id text, proof text, enrol_as bytea)
returns table (code text, message text)
language plpgsql
volatile
set search_path from current
as $$
declare
    reason constant text := unadopted();
begin
    if reason is null then
        return query
            select a.code, a.message
              from admit_machine(admit_node.environment, admit_node.node, admit_node.machine_id,
                                 admit_node.proof, admit_node.enrol_as) as a;
        return;
    end if;
    perform refuse_machine('BT049', reason, admit_node.node, admit_node.machine_id);
    return query select 'BT049', reason;
end;
$$;
