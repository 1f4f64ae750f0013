-- hmac: HMAC with SHA-256 (RFC 2104), which Postgres has in an extension only. Internal.
--
-- Arguments   key: at most 64 bytes.
create or replace function hmac(key bytea, message bytea)
returns bytea
language sql
immutable
strict
set search_path from current
as $$
    with padded as (
        select key || pg_catalog.decode(
                   pg_catalog.repeat('00', 64 - pg_catalog.length(key)), 'hex'::text) as block
    ), pads as (
        select xor_bytes(block, pg_catalog.decode(pg_catalog.repeat('36', 64), 'hex'::text)) as i,
               xor_bytes(block, pg_catalog.decode(pg_catalog.repeat('5c', 64), 'hex'::text)) as o
          from padded
    )
    select pg_catalog.sha256(o || pg_catalog.sha256(i || message)) from pads;
$$;
