-- leader_session: the server session of the process that a leader's row names, if it is still
-- there. Internal: take_lead(), is_led(), revoke_machine(), leader_problems(), leader_doing(),
-- check_leader().
--
-- Postgres shows what another role's session does only to members of that role, to superusers and
-- to members of pg_read_all_stats; these functions run as the environment's owner. Who connects,
-- and who holds which lock, is shown to everybody: every transaction holds a lock on itself.
--
-- Returns   no row if the session is gone; else its pid, and
--   is_same  whether it is certain that the pid is still that of the same session; null if hidden.
--   is_busy  whether it works on a statement; null if that is hidden and a transaction is open.
--   doing    the same in words.
create or replace function leader_session(l leader)
returns table (pid integer, is_same boolean, is_busy boolean, doing text)
language sql
stable
set search_path from current
as $$
    select a.pid,
           a.backend_start = l.backend_start,
           case when a.state is not null
                then a.state = 'active' and a.wait_event_type is distinct from 'Client'
                when k.is_open then null
                else false end,
           case when a.state is not null then a.state
                when k.is_open then 'in a transaction'
                else 'idle' end
      from pg_stat_activity a
     cross join lateral (
        select exists (select from pg_locks v
                        where v.pid = a.pid and v.locktype = 'virtualxid'
                          and v.mode = 'ExclusiveLock') as is_open) as k
     where a.pid = l.backend_pid
       and a.datname = current_database()
       and a.usename = l.login
       and (a.backend_start = l.backend_start) is not false;
$$;
