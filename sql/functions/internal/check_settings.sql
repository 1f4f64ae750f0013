-- check_settings: whether the server keeps what it committed, and cleans up. Part of doctor().
--
-- Returns   two rows of doctor(): durability and autovacuum.
create or replace function check_settings()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    with off as (
        select string_agg(pg_catalog.format('%s = off', s.name), ', ' order by s.name)
                   filter (where s.name in ('fsync', 'full_page_writes', 'synchronous_commit'))
                   as of_durability,
               string_agg(pg_catalog.format('%s = off', s.name), ', ' order by s.name)
                   filter (where s.name in ('autovacuum', 'track_counts')) as of_autovacuum
          from pg_settings s
         where s.setting = 'off'
    )
    select 'durability', case when off.of_durability is null then 'ok' else 'warning' end,
        coalesce(off.of_durability, 'fsync, full_page_writes and synchronous_commit are on'),
        case when off.of_durability is not null
             then 'a crash of the machine can lose what was committed; switch it on unless this '
                  'is a test' end
      from off
     union all
    select 'autovacuum', case when off.of_autovacuum is null then 'ok' else 'problem' end,
        coalesce(off.of_autovacuum, 'on'),
        case when off.of_autovacuum is not null
             then 'switch it on: the views'' tables grow, and transaction ids run out' end
      from off;
$$;
