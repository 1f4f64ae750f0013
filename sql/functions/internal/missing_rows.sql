-- missing_rows: which tables lack the rows that they were installed with. Internal.
--
-- TRUNCATE takes them, and a copy by logical replication or `pg_dump --exclude-table-data` may
-- never have had them. What would follow is an internal error that names no table.
--
-- Returns   their names, null if all is there.
-- Tables    environment, environment_home, event_limit, leader, log_origin, turn, log_window,
--           batch: read.
create or replace function missing_rows()
returns text
language sql
stable
set search_path from current
as $$
    with newest as (
        select coalesce((select b.window_number from batch b
                          order by b.first_position desc limit 1), 0) as number
    )
    select string_agg(lacking.name, ', ')
      from (select 'environment' as name where not exists (select from environment)
             union all
            select 'environment_home' where not exists (select from environment_home)
             union all
            select 'event_limit' where not exists (select from event_limit)
             union all
            select 'leader' where not exists (select from leader)
             union all
            select 'log_origin' where not exists (select from log_origin)
             union all
            select 'turn' where (select count(*) from turn) < 4
             union all
            select 'log_window' from newest
             where not exists (select from log_window w where w.number = newest.number)
                or not exists (select from log_window w
                                where w.number = greatest(newest.number - 1, 0))) as lacking;
$$;
