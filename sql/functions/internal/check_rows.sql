-- check_rows: whether the rows are there without which nothing works. Part of doctor().
--
-- Returns   one row of doctor().
-- Tables    see missing_rows().
create or replace function check_rows()
returns table (check_name text, state text, found text, fix text)
language sql
stable
set search_path from current
as $$
    select 'rows',
           case when missing.names is null then 'ok' else 'problem' end,
           case when missing.names is null then 'the rows of the installation are there'
                else pg_catalog.format('the rows of the installation are missing in %s',
                                       missing.names) end,
           case when missing.names is not null
                then 'put them back from a backup, or from where it was copied from' end
      from missing_rows() as missing (names);
$$;
