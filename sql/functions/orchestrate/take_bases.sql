-- take_bases: copy the rows of one version that is kept, where the log is about to end behind its
-- newest copy: time travel and what is built of it begin there once the events before are gone.
-- Internal, for the leader, to be called until it returns null.
--
-- The next base of a version is taken once the log has passed a partition, so that it is as old as
-- what is left of the log when that partition goes. Where nobody led meanwhile it is taken late,
-- and time travel begins that much later. A snapshot that is there already becomes the base.
--
-- To be called in a transaction of its own, REPEATABLE READ, as take_snapshots().
--
-- Returns     'view@version' of the one that was copied, or null.
-- Raises      BT019 the transaction is not REPEATABLE READ. 40001 see take_snapshots().
-- Locks       the turn 'snapshots', until the transaction ends; where somebody else has it, nothing
--             is done. Once it has copied, the version's row in view_state or view_build.
-- Tables      log_retention, event_partition, turn, view_state, view_build: read. view_snapshot:
--             update. See base_due() and copy_view().
-- Access: orchestrate
create or replace function take_bases()
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    passed bigint;
    due    record;
begin
    if pg_catalog.current_setting('transaction_isolation') <> 'repeatable read' then
        raise exception 'take_bases: the transaction must be REPEATABLE READ'
            using errcode = 'BT019';
    end if;
    if not exists (select from log_retention r
                    where r.only_row and (r.age is not null or r.bytes is not null)) then
        return null;
    end if;
    select partition_end(p.first_id, p.upper_id) into passed
      from event_partition p
     where p.upper_id - 1 <= event_id_value()
     order by p.upper_id desc
     limit 1;
    if passed is null then
        return null;
    end if;
    select * into due from base_due(passed) as d where d.position >= passed;
    if not found then
        return null;
    end if;
    perform from turn where name = 'snapshots' for update skip locked;
    if not found then
        return null;
    end if;
    update view_snapshot s
       set is_base = true
     where s.id = (select o.id from view_snapshot o
                    where o.view = due.view and o.version = due.version and o.build = due.build
                      and o.position >= passed
                    order by o.position
                    limit 1);
    if found then
        return pg_catalog.format('%s@%s', due.view, due.version);
    end if;
    perform copy_view(due.view, due.version, due.build, due.position, true);
    -- What is retired or registered anew was kept no more before that. REPEATABLE READ refuses a
    -- row that was changed since it began, see Raises.
    perform from view_state v where v.view = due.view and v.version = due.version for share;
    if not found then
        perform from view_build b where b.view = due.view and b.version = due.version for share;
    end if;
    return pg_catalog.format('%s@%s', due.view, due.version);
end;
$$;
