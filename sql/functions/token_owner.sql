-- token_owner: which machine was given `token`; null if none was. Internal: admit().
--
-- is_next says that it is the one which a rotation gave out. Digests of the hashes with a nonce
-- that is new for each call are compared, and not the hashes: how long that takes says nothing
-- about them.
create or replace function token_owner(token text)
returns table (machine_id text, is_next boolean)
language sql
volatile
set search_path from current
as $$
    with salt as materialized (
        select pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) as nonce
    ), shown as materialized (
        select nonce,
               pg_catalog.sha256(
                   pg_catalog.sha256(pg_catalog.convert_to(token_owner.token, 'UTF8'::name))
                   || nonce) as digest
          from salt
    )
    select m.machine_id, h.is_next
      from shown, machine m
     cross join lateral (values (m.token_hash, false),
                                (m.next_token_hash, true)) as h (hash, is_next)
     where pg_catalog.sha256(h.hash || nonce) = digest
     limit 1;
$$;
