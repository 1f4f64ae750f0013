-- check_wraparound: how far the database is from the end of its transaction ids. Part of doctor().
--
-- Postgres refuses every write three million ids before the end; autovacuum prevents it, unless
-- something holds the oldest ids for months.
--
-- Arguments   warns_at, is_problem_at: ages.
-- Returns     two rows of doctor(): transaction_ids and multixact_ids.
create or replace function check_wraparound(warns_at bigint, is_problem_at bigint)
returns table (check_name text, state text, found text, fix text)
language sql
stable
set search_path from current
as $$
    select a.name,
           case when a.age >= check_wraparound.is_problem_at then 'problem'
                when a.age >= check_wraparound.warns_at then 'warning' else 'ok' end,
           pg_catalog.format('the oldest are %s ids old; at 2,000,000,000 the server refuses all '
                             'writes', a.age),
           case when a.age >= check_wraparound.warns_at then
               'end what holds them (pg_prepared_xacts, pg_replication_slots, the oldest of '
               'pg_stat_activity), then: vacuum (freeze)' end
      from pg_database d
     cross join lateral (
        values ('transaction_ids', pg_catalog.age(d.datfrozenxid)::bigint),
               ('multixact_ids', pg_catalog.mxid_age(d.datminmxid)::bigint)) as a (name, age)
     where d.datname = current_database();
$$;
