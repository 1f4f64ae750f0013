-- resign: stop leading, so that a standby can take over at once.
--
-- Arguments   epoch: the caller's leadership; one that is over already is no error.
-- Raises      BT011 it is that of another session.
-- Notifies    '<schema>_leader', for the standbys.
-- Tables      leader: update.
-- Access: orchestrate
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
       set lease_until = clock_timestamp(), backend_pid = null
     where only_row and epoch = resign.epoch and backend_pid = pg_backend_pid()
       and mark_hash = own_session();
    if found then
        perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    elsif exists (select from leader
                   where only_row and epoch = resign.epoch and backend_pid is not null) then
        raise exception 'not resigned: epoch % is that of another session', resign.epoch
            using errcode = 'BT011';
    end if;
end;
$$;
