-- fence: end the transaction unless the caller leads; keep it leading until the transaction ends.
-- Internal: part of every transaction in which the leader writes.
--
-- Called last, so that a leader which hangs in the middle of a batch does not hold the lock that a
-- takeover needs.
--
-- Arguments   epoch: the caller's leadership. lease: extend it to now + lease; null leaves it.
-- Raises      BT011 another process leads now; nothing that this one writes can commit.
-- Locks       the leader's row, until the transaction ends.
-- Tables      leader: lock, update.
create or replace function fence(epoch bigint, lease interval default null)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    if fence.lease is not null then
        update leader set lease_until = clock_timestamp() + fence.lease
         where only_row and epoch = fence.epoch;
    else
        perform from leader where only_row and epoch = fence.epoch for share;
    end if;
    if not found then
        raise exception 'deposed: epoch % is over, % leads in epoch %',
            fence.epoch,
            coalesce((select l.node from leader l where l.only_row), 'nobody'),
            (select l.epoch from leader l where l.only_row)
            using errcode = 'BT011';
    end if;
end;
$$;
