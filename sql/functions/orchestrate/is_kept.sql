-- is_kept: whether the process that claimed a build is still there. Internal.
--
-- Its session stands, and it said something within half a minute, or is in a transaction: a copy of
-- many rows takes its time, and a process that hangs in one is ended by the server. A session that
-- began after the claim, and has its process id, is another one.
--
-- Access: orchestrate
create or replace function is_kept(b view_build)
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (select from pg_stat_activity a
                    where a.pid = b.backend_pid and a.datname = current_database()
                      and (a.backend_start <= b.claimed_at) is not false)
       and (b.seen_at > clock_timestamp() - interval '30 seconds'
            or exists (select from pg_locks v
                        where v.pid = b.backend_pid and v.locktype = 'virtualxid'
                          and v.mode = 'ExclusiveLock'));
$$;
