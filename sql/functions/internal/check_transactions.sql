-- check_transactions: whether somebody has left a transaction open, also a prepared one. Part of
-- doctor().
--
-- Returns   two rows of doctor(): idle_transactions and prepared_transactions.
create or replace function check_transactions()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'idle_transactions',
        case when idle.named is null and not idle.is_blind then 'ok' else 'warning' end,
        case when idle.named is not null then idle.named
             when idle.is_blind then 'what sessions of other roles do cannot be seen'
             else 'nobody idles in a transaction' end,
        case when idle.named is not null
             then 'it keeps dead rows from being removed: set '
                  'idle_in_transaction_session_timeout, or end it with pg_terminate_backend'
             when idle.is_blind
             then pg_catalog.format('grant pg_read_all_stats to %I; without it a leader''s long '
                                    'batch cannot be told from a hanging leader, either',
                                    current_user) end
      from (select string_agg(pg_catalog.format('process %s (%s) for %s s', a.pid,
                                  a.application_name,
                                  round(extract(epoch from clock_timestamp() - a.xact_start))),
                              ', '),
                   not sees_all_sessions()
              from pg_stat_activity a
             where a.datname = current_database() and a.state like 'idle in transaction%'
               and a.xact_start < clock_timestamp() - interval '1 minute'
           ) as idle (named, is_blind)
     union all
    select 'prepared_transactions',
        case when p.named is null then 'ok' else 'warning' end,
        coalesce(p.named, 'none is left open'),
        case when p.named is not null
             then 'it holds its locks for ever: commit prepared or rollback prepared' end
      from (select string_agg(pg_catalog.format('%s for %s s', p.gid,
                                  round(extract(epoch from clock_timestamp() - p.prepared))), ', ')
              from pg_prepared_xacts p
             where p.database = current_database()
               and p.prepared < clock_timestamp() - interval '1 minute') as p (named);
$$;
