-- require_read_committed: raise that this transaction cannot see what others do meanwhile, if so.
-- Internal: for what first locks, and then looks at what the former holder of the lock left.
--
-- Arguments   name: of the function that asks.
-- Raises      BT006 REPEATABLE READ or SERIALIZABLE.
create or replace function require_read_committed(name text)
returns void
language plpgsql
stable
set search_path from current
as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception '% cannot see what others do meanwhile in a % transaction: call it in a '
            'READ COMMITTED one',
            require_read_committed.name, upper(current_setting('transaction_isolation'))
            using errcode = 'BT006';
    end if;
end;
$$;
