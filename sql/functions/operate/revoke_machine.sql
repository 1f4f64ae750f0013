-- revoke_machine: from now on a machine takes no part in this environment, and leads no more.
--
-- If it leads, its next write is refused (it holds the epoch, but the leadership is no longer that
-- of its session), a standby may take over at once, and its session is ended where the caller may
-- do that. What it builds it can write no more, and others may take that on; its nodes have ended.
--
-- Arguments   machine_id: the machine; one that was revoked already stays so.
-- Returns     whether it led.
-- Raises      BT029 there is no such machine here.
-- Locks       the leader's row: waits for a batch that is being committed, at most lock_timeout.
-- Notifies    '<schema>_leader', for the standbys.
-- Tables      machine, leader, view_build, node: update.
create or replace function revoke_machine(machine_id text)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    former leader;
begin
    update machine
       set revoked_at = coalesce(revoked_at, clock_timestamp()),
           revoked_by = coalesce(revoked_by, session_user)
     where machine_id = revoke_machine.machine_id;
    if not found then
        raise exception 'machine % is not enrolled here; see `baton environment machines`',
            revoke_machine.machine_id
            using errcode = 'BT029';
    end if;

    -- What its nodes hold goes back with the next pass of maintain().
    update node set ended_at = clock_timestamp()
     where machine_id = revoke_machine.machine_id and ended_at is null;

    -- In the order in which others lock them.
    perform from leader where only_row for update;
    update view_build
       set claim = claim + 1, backend_pid = null, machine_id = null
     where machine_id = revoke_machine.machine_id;

    perform require_rows();
    select * into strict former from leader where only_row for update;
    if former.machine_id is distinct from revoke_machine.machine_id or former.backend_pid is null
    then
        return false;
    end if;
    begin
        perform pg_catalog.pg_terminate_backend(s.pid) from leader_session(former) as s
         where s.is_same and s.pid <> pg_backend_pid();
    exception when insufficient_privilege then
        -- Another role's session: it finds out with its next write.
        null;
    end;
    update leader set lease_until = clock_timestamp(), backend_pid = null where only_row;
    perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    return true;
end;
$$;
