-- capture_rows: SQL for what a statement did away with, or left, with columns that are called as
-- the fields. Internal: capture_pairs(), capture_statement().
--
-- Arguments   side: 'old' or 'new'. source: the name of the transition table; null: a row of nulls.
--             A field whose column is gone is null.
create or replace function capture_rows(capture bigint, relation oid, side text, source text)
returns text
language sql
stable
set search_path from current
set standard_conforming_strings = on
as $$
    select pg_catalog.format(
        E'(select %s%s\n from %s) as %s',
        string_agg(pg_catalog.format('%s as %I',
            case when capture_rows.source is not null and c.type_id is not null
                 then pg_catalog.format('r.%I', c.column_name)
                 else pg_catalog.format('null::%s', coalesce(
                     pg_catalog.format_type(c.type_id, null),
                     to_regtype(c.former_type)::text, 'text')) end, c.field),
            ', ' order by c.place),
        case when capture_rows.source is not null
             then ', row_number() over () as "baton row"' end,
        case when capture_rows.source is not null
             then pg_catalog.format('%s as r', capture_rows.source)
             else '(values (1)) as one (n)' end,
        capture_rows.side)
      from capture_columns(capture_rows.capture, capture_rows.relation) as c;
$$;
