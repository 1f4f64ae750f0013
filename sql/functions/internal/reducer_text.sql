-- reducer_text: what a SQL reducer's functions say, in lower case, without comments. Internal:
-- reducer_faults().
--
-- Returns   the body of <name>__v<version>, of each function that begins with that name, and the
--           defaults of the table's columns, each followed by a semicolon; '' if there are none.
-- Access: orchestrate
create or replace function reducer_text(name text, version integer)
returns text
language sql
stable
set search_path from current
set standard_conforming_strings = on
as $$
    select coalesce(lower(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
               string_agg(part.body, E';\n'), '--[^\n]*', '', 'g'), '/\*.*?\*/', ' ', 'g')), '')
      from (select coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as body
              from pg_proc p
             where p.pronamespace = current_schema()::regnamespace and p.prokind = 'f'
               and (p.proname = reducer_text.name || '__v' || reducer_text.version::text
                    or p.proname ^@ (reducer_text.name || '__v' || reducer_text.version::text
                                     || '_'))
             union all
            select pg_catalog.pg_get_expr(d.adbin, d.adrelid)
              from pg_attrdef d
             where d.adrelid = to_regclass(pg_catalog.format(
                       '%I.%I', current_schema(),
                       reducer_text.name || '__v' || reducer_text.version::text))) as part;
$$;
