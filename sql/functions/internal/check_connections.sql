-- check_connections: whether the server has room for more sessions. Part of doctor().
--
-- Returns   one row of doctor().
create or replace function check_connections()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'connections',
        case when c.used * 10 <= c.room * 8 then 'ok' else 'warning' end,
        pg_catalog.format('%s of %s in use', c.used, c.room),
        case when c.used * 10 > c.room * 8
             then 'raise max_connections, or put pgbouncer before the clients that dispatch' end
      from (select count(*), current_setting('max_connections')::bigint
                             - current_setting('superuser_reserved_connections')::bigint
              from pg_stat_activity a
             where a.datid is not null
               and coalesce(a.backend_type, 'client backend') = 'client backend'
           ) as c (used, room);
$$;
