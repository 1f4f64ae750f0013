-- differing_rows: what differs between two tables that a view's rows are in. Internal, for
-- `baton diff` and `baton replay`.
--
-- Arguments   before, after: the tables, quoted. keys: the key's columns, which both have. columns:
--             the others that are compared; numbers are compared by value, whatever their scale.
-- Returns     a row for each key that has not the same row in both, in the order of the key.
--             change: 'added', 'removed' or 'changed'. key: its values. former, new: the columns
--             that differ, or all of them where only one table has the row.
-- Access: orchestrate
create or replace function differing_rows(
    before text, after text, keys text[], columns text[])
returns table (change text, key jsonb, former jsonb, new jsonb)
language plpgsql
stable
set search_path from current
as $$
begin
    return query execute pg_catalog.format(
        'select case when b.position is null then ''added'''
        '            when a.position is null then ''removed'' else ''changed'' end,'
        '       k.key, d.former, d.new'
        '  from %1$s as b'
        '  full join %2$s as a on %3$s'
        ' cross join lateral (select jsonb_build_array(%4$s) as key) as k'
        ' cross join lateral ('
        '    select jsonb_object_agg(c, to_jsonb(b.*) -> c) filter (where b.position is not null),'
        '           jsonb_object_agg(c, to_jsonb(a.*) -> c) filter (where a.position is not null)'
        '      from unnest($1) as c'
        '     where b.position is null or a.position is null'
        '        or to_jsonb(b.*) -> c is distinct from to_jsonb(a.*) -> c) as d (former, new)'
        ' where b.position is null or a.position is null or d.former is not null'
        ' order by %5$s',
        before, after,
        (select string_agg(pg_catalog.format('b.%1$I = a.%1$I', k), ' and ' order by n)
           from unnest(keys) with ordinality as u (k, n)),
        (select string_agg(pg_catalog.format('coalesce(b.%1$I, a.%1$I)', k), ', ' order by n)
           from unnest(keys) with ordinality as u (k, n)),
        (select string_agg(pg_catalog.format('coalesce(b.%1$I, a.%1$I)', k), ', ' order by n)
           from unnest(keys) with ordinality as u (k, n)))
    using columns;
end;
$$;
