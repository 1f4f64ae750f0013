-- version_list: versions in words: 'a@1, b@2'. Internal.
--
-- Returns     null where there is none.
create or replace function version_list(versions versioned[])
returns text
language sql
immutable
set search_path from current
as $$
    select string_agg(pg_catalog.format('%s@%s', v.name, v.version), ', ')
      from pg_catalog.unnest(version_list.versions) as v;
$$;
