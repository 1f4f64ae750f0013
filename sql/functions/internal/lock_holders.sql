-- lock_holders: who holds a lock that keeps others from writing to a view's table. Internal:
-- held_up().
--
-- Whoever reads holds AccessShareLock, which is in nobody's way. Locks on rows are seen by the lock
-- on their table alone, so who only changed other rows is named, too.
--
-- Arguments   but_not: the session that wants to write.
-- Returns     "held by process 12 (psql), ..."; null where nobody does.
create or replace function lock_holders(view text, version integer, but_not integer)
returns text
language sql
stable
set search_path from current
as $$
    select 'held by ' || string_agg(distinct case
               when l.pid is null then 'a prepared transaction'
               else pg_catalog.format('process %s (%s)', l.pid,
                                      coalesce(nullif(a.application_name, ''), a.backend_type))
               end, ', ')
      from pg_locks l
      left join pg_stat_activity a on a.pid = l.pid
     where l.relation = to_regclass(pg_catalog.format(
               '%I.%I', current_schema(), lock_holders.view || '__v' || lock_holders.version::text))
       and l.database = (select d.oid from pg_database d where d.datname = current_database())
       and l.locktype = 'relation' and l.granted and l.mode <> 'AccessShareLock'
       and l.pid is distinct from lock_holders.but_not;
$$;
