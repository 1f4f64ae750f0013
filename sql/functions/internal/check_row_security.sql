-- check_row_security: whether row-level security hides rows of the log from those who keep it. Part
-- of doctor().
--
-- Nobody asks for that here, but set_tenants(), see check_tenants(); event triggers that enable it
-- on every new table do. With no policy, or with one that does not know orchestrators, whoever is
-- not the owner would find no rows.
--
-- Returns   one row of doctor().
-- Tables    the catalogue's, reducer_version, tenancy: read.
create or replace function check_row_security()
returns table (check_name text, state text, found text, fix text)
language sql
stable
set search_path from current
as $$
    select 'row_security',
           case when secured.names is null then 'ok' else 'problem' end,
           case when secured.names is null then 'no policy stands before the log'
                else pg_catalog.format('row-level security is on: %s', secured.names) end,
           secured.fix
      from (select string_agg(c.relname::text, ', ' order by c.relname),
                   string_agg(pg_catalog.format(
                       'alter table %I.%I disable row level security, no force row level security',
                       current_schema(), c.relname), '; ' order by c.relname)
              from pg_class c
             where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
               and (c.relrowsecurity or c.relforcerowsecurity)
               and not (c.relname = any (tenant_tables()) and (select t.is_on from tenancy t))
               and not exists (select from reducer_version r
                                where c.relname = r.name || '__v' || r.version::text)
           ) as secured (names, fix);
$$;
