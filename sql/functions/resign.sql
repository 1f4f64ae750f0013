-- resign: stop leading, so that a standby can take over at once.
--
-- Arguments   epoch: the caller's leadership. If it is over already, nothing happens.
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
begin
    update leader
       set lease_until = '-infinity', backend_pid = null
     where only_row and epoch = resign.epoch;
    perform pg_advisory_unlock_all();
    perform pg_notify(current_schema() || '_leader', '');
end;
$$;
