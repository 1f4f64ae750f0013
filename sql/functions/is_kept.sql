-- is_kept: whether the process that claimed a build is still there. Internal.
create or replace function is_kept(b view_build)
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (
        select from pg_locks l
         where l.locktype = 'advisory' and l.objsubid = 1 and l.granted and l.pid = b.backend_pid
           and l.database = (select d.oid from pg_database d where d.datname = current_database())
           and l.classid::bigint << 32 | l.objid::bigint = build_lock_key(b.view, b.version));
$$;
