-- check_views: what somebody altered of a view's table, or of a SQL reducer's function, that it
-- cannot do without. Internal: doctor().
--
-- Returns   as doctor() does.
-- Tables    reducer_version: read.
create or replace function check_views()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    broken text;
    faults text;
begin
    select string_agg(pg_catalog.format('%s %s', c.relname, case
               when c.relpersistence = 'u' then 'is UNLOGGED: a crash of the server empties it'
               else 'has no column "position bigint not null"' end), '; ' order by c.relname)
      into broken
      from reducer_version r
      join pg_class c on c.relnamespace = current_schema()::regnamespace
                     and c.relname = r.name || '__v' || r.version::text and c.relkind = 'r'
     where c.relpersistence = 'u'
        or not exists (select from pg_attribute a
                        where a.attrelid = c.oid and a.attname = 'position' and a.attnotnull
                          and a.atttypid = 'bigint'::regtype);
    return query select 'view_tables', case when broken is null then 'ok' else 'problem' end,
        coalesce(broken, 'as their reducers need them'),
        case when broken is not null
             then 'alter table ... set logged; a column that is gone comes back with a new version '
                  'of the reducer' end;

    select string_agg(pg_catalog.format('%s@%s has %s', r.name, r.version, f.found), '; '
                      order by r.name, r.version)
      into faults
      from reducer_version r
     cross join lateral reducer_faults(r.name, r.version) as f
     where r.language = 'sql';
    return query select 'sql_reducers', case when faults is null then 'ok' else 'warning' end,
        coalesce(faults, 'none does what a fold must not do, as far as its text shows'),
        case when faults is not null
             then 'give it a new version that does not: see docs/sql_reducers.md' end;
end;
$$;
