-- require_table: the table that somebody names: 'orders', 'shop."Order"'. Without a schema it is
-- that in public, whatever the search_path is. Internal: capture_table().
--
-- Returns     pg_class.oid.
-- Raises      BT061 there is none.
create or replace function require_table(relation text)
returns oid
language plpgsql
stable
set search_path from current
as $$
declare
    parts text[];
    found regclass;
begin
    begin
        parts := pg_catalog.parse_ident(require_table.relation);
    exception when invalid_parameter_value then
        parts := null;
    end;
    if cardinality(parts) = 1 then
        parts := array['public', parts[1]];
    end if;
    if cardinality(parts) = 2 then
        found := to_regclass(pg_catalog.format('%I.%I', parts[1], parts[2]));
    end if;
    if found is null then
        raise exception 'there is no table %; name it as in SQL: orders, shop.orders, '
            'shop."Order Lines"; without a schema it is that in public',
            coalesce(require_table.relation, 'null')
            using errcode = 'BT061';
    end if;
    return found;
end;
$$;
