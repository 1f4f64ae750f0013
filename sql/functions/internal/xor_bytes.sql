-- xor_bytes: each byte of `a` exclusive-or that of `b`, for as many as `a` has. Internal.
create or replace function xor_bytes(a bytea, b bytea)
returns bytea
language sql
immutable
strict
set search_path from current
as $$
    select pg_catalog.decode(
        string_agg(pg_catalog.lpad(pg_catalog.to_hex(
            pg_catalog.get_byte(a, i) operator(pg_catalog.#) pg_catalog.get_byte(b, i)), 2, '0'),
            '' order by i), 'hex'::text)
      from pg_catalog.generate_series(0, pg_catalog.length(a) - 1) as i;
$$;
