-- resign: stop leading, so that a standby can take over at once.
--
-- Arguments   epoch: the caller's leadership. If it is over already, the session only gives back
--             the advisory lock, if it holds it still.
-- Notifies    '<schema>_leader', for the standbys.
-- Tables      leader: update.
create or replace function resign(epoch bigint)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    led boolean;
begin
    update leader
       set lease_until = clock_timestamp(), backend_pid = null
     where only_row and epoch = resign.epoch;
    led := found;

    -- A session that took the lead more than once holds the lock as often.
    while exists (
        select from pg_locks l
         where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.objsubid = 1
           and l.database = (select d.oid from pg_database d where d.datname = current_database())
           and l.classid::bigint << 32 | l.objid::bigint = leader_lock_key())
    loop
        perform pg_advisory_unlock(leader_lock_key());
    end loop;
    if led then
        perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    end if;
end;
$$;
