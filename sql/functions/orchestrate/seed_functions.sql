-- seed_functions: how a SQL reducer's version can begin with the rows of a former one: its file
-- makes a function <view>__v<version>_from_v<former>(), without arguments, that fills its table.
-- Internal.
--
-- Returns   former: the version that it begins with; function: its name, quoted. The newest first.
-- Access: orchestrate
create or replace function seed_functions(view text, version integer)
returns table (former integer, function text)
language sql
stable
set search_path from current
as $$
    select pg_catalog.substring(p.proname, '_from_v([0-9]{1,4})$')::integer,
           pg_catalog.format('%I.%I', current_schema(), p.proname)
      from pg_proc p
     where p.pronamespace = current_schema()::regnamespace
       and p.proname ~ ('^' || view || '__v' || version::text || '_from_v[0-9]{1,4}$')
       and p.pronargs = 0
     order by 1 desc;
$$;
