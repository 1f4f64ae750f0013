-- require_unique_keys: raise that the unique keys of many tasks are not one for each. Internal:
-- enqueue_many().
--
-- Arguments   keys: of enqueue_many(), or null. payloads: of the tasks.
-- Raises      BT042 they are not as many, or one of both is an array of arrays.
create or replace function require_unique_keys(keys text[], payloads jsonb[])
returns void
language plpgsql
immutable
set search_path from current
as $$
begin
    if cardinality(require_unique_keys.keys) <> cardinality(require_unique_keys.payloads) then
        raise exception '% unique keys for % payloads: give one for each, or null',
            cardinality(require_unique_keys.keys), cardinality(require_unique_keys.payloads)
            using errcode = 'BT042';
    elsif pg_catalog.array_ndims(require_unique_keys.payloads) > 1
          or pg_catalog.array_ndims(require_unique_keys.keys) > 1 then
        raise exception 'the % of enqueue_many() are an array of arrays: give one for each task',
            case when pg_catalog.array_ndims(require_unique_keys.payloads) > 1 then 'payloads'
                 else 'unique keys' end
            using errcode = 'BT042';
    end if;
end;
$$;
