-- admit_machine: the door of this environment, for whatever acts in it. Internal: admit_node(),
-- claim_builds(), take_lead().
--
-- A refusal is returned and not raised, because it is written down for the admin to see, and what
-- an exception undoes is not: the caller returns it in turn, and the client commits, then raises.
-- A caller in a transaction that can write nothing is told only that: 25006.
--
-- Arguments   environment: which one the caller was started for. node: who it is, for people to
--             read. machine_id: where it runs. proof: that it has the token of that machine, see
--             proves(); what it answers is challenge(), a colon, environment, a colon, machine_id.
--             enrol_as: sha256 of the token, where the caller made that by itself, and wants to
--             be enrolled where that is allowed; else null.
-- Returns     code, message: why it is refused; nulls if it is admitted. The codes are BT028
--             to BT033, see docs/errors.md.
-- Tables      machine: insert, update. refusal: see refuse_machine().
create or replace function admit_machine(
    environment text, node text, machine_id text, proof text, enrol_as bytea)
returns table (code text, message text)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    seen_interval constant interval := interval '1 minute';
    decision      record;
    node_name     text := pg_catalog.left(admit_machine.node, 200);
begin
    select a.* into strict decision
      from check_machine(admit_machine.environment, admit_machine.machine_id, admit_machine.proof,
                         admit_machine.enrol_as) as a;
    if decision.enrols then
        insert into machine (machine_id, name, token_hash, automatic)
        values (admit_machine.machine_id,
                coalesce(nullif(pg_catalog.left(pg_catalog.split_part(node_name, ':', 1), 50), ''),
                         'unnamed'),
                admit_machine.enrol_as, true)
        on conflict (machine_id) do nothing;
        -- Another process of this machine may have been faster, with another token; or an admin.
        select a.* into strict decision
          from check_machine(admit_machine.environment, admit_machine.machine_id,
                             admit_machine.proof, admit_machine.enrol_as) as a;
    end if;
    if decision.code is not null then
        perform refuse_machine(decision.code, decision.message, admit_machine.node,
                               admit_machine.machine_id);
        return query select decision.code, decision.message;
        return;
    end if;

    if decision.is_next then
        update machine set token_hash = next_token_hash, next_token_hash = null
         where machine_id = admit_machine.machine_id and next_token_hash is not null;
    end if;
    update machine
       set last_seen_at = clock_timestamp(), last_node = node_name
     where machine_id = admit_machine.machine_id
       and last_seen_at > clock_timestamp() - seen_interval is not true;
    return query select null::text, null::text;
end;
$$;
