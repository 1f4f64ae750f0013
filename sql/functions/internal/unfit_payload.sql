-- unfit_payload: whether JSON is larger, or nested deeper, than the payload of an event can be.
-- Internal: begin_step(), fit_capture(), undo_payload().
create or replace function unfit_payload(payload jsonb, bytes_max integer)
returns boolean
language sql
stable
set search_path from current
as $$
    select case when print_fault(unfit_payload.payload, 268435456::bigint) is not null then true
                else octet_length(unfit_payload.payload::text) > unfit_payload.bytes_max
                     or pg_catalog.pg_column_size(unfit_payload.payload) > unfit_payload.bytes_max
                     or pg_catalog.jsonb_path_exists(
                            unfit_payload.payload,
                            'strict $.**{64} ? (@.type() == "array" || @.type() == "object")') end;
$$;
