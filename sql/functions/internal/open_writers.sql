-- open_writers: transactions that have dispatched, and are open for longer than `age`.
--
-- Returns   pid (0: a prepared transaction), application, seconds since the transaction began, and
--           its state. Nobody but their own events waits for them. Where the owner may not see
--           what other roles' sessions do (sees_all_sessions.sql), those that have dispatched are
--           listed whatever their age, with state 'hidden' and seconds null.
create or replace function open_writers(age interval)
returns table (pid integer, application text, seconds numeric, state text)
language sql
stable
security definer
set search_path from current
as $$
    with dispatching as (
        select l.pid, l.virtualtransaction as lock_holder
          from pg_locks l
         where l.relation = 'event'::regclass
           and l.database = (select oid from pg_database where datname = current_database())
           and l.mode = 'RowExclusiveLock'
    )
    select a.pid, a.application_name,
           round(extract(epoch from clock_timestamp() - a.xact_start)::numeric, 1),
           coalesce(a.state, 'hidden')
      from pg_stat_activity a
     where (a.xact_start < clock_timestamp() - open_writers.age
            or a.state is null and not sees_all_sessions())
       and a.pid in (select d.pid from dispatching d)
    union all
    select 0, 'prepared transaction ' || p.gid,
           round(extract(epoch from clock_timestamp() - p.prepared)::numeric, 1), 'prepared'
      from pg_prepared_xacts p
     where p.prepared < clock_timestamp() - open_writers.age
       and exists (
           select from pg_locks l
             join dispatching d on d.lock_holder = l.virtualtransaction and d.pid is null
            where l.pid is null and l.locktype = 'transactionid'
              and l.transactionid = p.transaction);
$$;
