-- captures_of: the captures of a table that somebody names as it is called now, or was called.
-- Internal: remove_capture(), refresh_capture(), capture_text().
--
-- Arguments   relation: null: of all tables. event_type: null: of all types.
-- Raises      BT061 there is none.
-- Tables      capture: read.
create or replace function captures_of(relation text, event_type text)
returns setof bigint
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    parts    text[];
    found_id oid;
begin
    if captures_of.relation is not null then
        begin
            parts := pg_catalog.parse_ident(captures_of.relation);
            if cardinality(parts) = 1 then
                parts := array['public', parts[1]];
            end if;
            found_id := to_regclass(pg_catalog.format('%I.%I', parts[1], parts[2]));
        exception when invalid_parameter_value then
            parts := null;
        end;
    end if;
    return query
        select k.id
          from capture k
         where (captures_of.relation is null or captured_table(k.id) = found_id
                or array[k.table_schema, k.table_name] = parts)
           and (captures_of.event_type is null or k.event_type = captures_of.event_type)
         order by k.id;
    if not found and captures_of.relation is not null then
        raise exception 'no changes of % are made events%; see baton capture list',
            captures_of.relation,
            case when captures_of.event_type is null then ''
                 else ' of type ' || captures_of.event_type end
            using errcode = 'BT061';
    end if;
end;
$$;
