-- fence: end the transaction unless the caller leads; keep it leading until the transaction ends.
-- Internal: part of every transaction in which the leader writes.
--
-- The caller is the session that took the lead. An epoch is no secret and easy to guess: a
-- process that take_lead() did not admit must not write by naming the epoch of one that it did.
--
-- Called last, so that a leader which hangs in the middle of a batch does not hold the lock that a
-- takeover needs.
--
-- Arguments   epoch: the caller's leadership. lease: extend it to now + lease; null leaves it.
-- Raises      BT011 another process leads now, or the leadership was ended (resign(),
--             revoke_machine()); nothing that this one writes can commit.
-- Locks       the leader's row, until the transaction ends.
-- Tables      leader: update, lock.
-- Access: orchestrate
create or replace function fence(epoch bigint, lease interval default null)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    l leader;
begin
    if fence.lease is not null then
        update leader set lease_until = clock_timestamp() + fence.lease
         where only_row and epoch = fence.epoch and backend_pid = pg_backend_pid()
           and mark_hash = own_session();
    else
        perform from leader
          where only_row and epoch = fence.epoch and backend_pid = pg_backend_pid()
            and mark_hash = own_session()
            for share;
    end if;
    if not found then
        perform require_rows();
        select * into strict l from leader where only_row;
        if l.epoch = fence.epoch then
            raise exception 'deposed: epoch % %', fence.epoch,
                case when l.backend_pid is null then 'was ended'
                     else 'is that of another session' end
                using errcode = 'BT011';
        end if;
        raise exception 'deposed: epoch % is over, % leads in epoch %',
            fence.epoch, coalesce(l.node, 'nobody'), l.epoch
            using errcode = 'BT011';
    end if;
end;
$$;
