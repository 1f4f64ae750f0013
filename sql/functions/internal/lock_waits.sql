-- lock_waits: who waits for whom in this environment, by its tables' locks, save the leader.
-- Internal: status().
--
-- Returns     a line for each process that waits and each that it waits for.
-- Tables      leader: read.
create or replace function lock_waits()
returns setof text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format('process %s waits for a lock (%s) since %s: %s has it', w.pid,
               t.relname, date_trunc('second', w.waitstart),
               case when b.pid = 0 then 'a prepared transaction'
                    else pg_catalog.format('process %s of %s%s', b.pid,
                             coalesce(a.usename, 'the server'),
                             ' (' || nullif(a.application_name, '') || ')') end)
      from pg_locks w
     cross join lateral (
        -- What it waits for is somebody's transaction, where it is a row that it wants.
        select c.relname from pg_locks o
          join pg_class c on c.oid = o.relation
         where o.pid = w.pid and c.relnamespace = current_schema()::regnamespace
           and o.database = (select d.oid from pg_database d where d.datname = current_database())
         order by o.granted, o.locktype = 'tuple' desc, o.locktype
         limit 1) as t
     cross join lateral pg_catalog.unnest(pg_blocking_pids(w.pid)) as b (pid)
      left join pg_stat_activity a on a.pid = b.pid
     where not w.granted
       -- Of the leader, held_up() tells.
       and w.pid is distinct from (select l.backend_pid from leader l)
     order by w.waitstart, b.pid;
$$;
