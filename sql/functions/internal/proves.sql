-- proves: whether `proof` shows the token whose sha256 is `token_hash`. Internal: check_machine(),
-- token_owner().
--
-- The scheme is that of SCRAM (RFC 5802, section 3). A token is `baton_<environment>_` and 32
-- random bytes, as hex digits; those are the ClientKey, the token's sha256 is the StoredKey, and
--
--     proof = ClientKey xor HMAC-SHA-256(StoredKey, asked)
--
-- written in the form of a token. With the sha256 of a token alone, from a dump, nobody can make
-- a proof; with a proof alone, nobody can make another one. With both, the token can be made out:
-- so the owner of a copy to which a machine shows a proof can do that, see docs/security.md.
--
-- Nothing is told by how long this takes: what is compared is a digest that nobody can choose.
--
-- Arguments   asked: challenge_text(), and for whom the answer is meant; see check_machine().
create or replace function proves(proof text, token_hash bytea, asked text)
returns boolean
language sql
immutable
strict
set search_path from current
as $$
    with answer as (
        select pg_catalog.regexp_match(
            proof, '^(baton_[a-z0-9-]+_)([0-9a-f]{64})$') as part
    )
    select coalesce(pg_catalog.sha256(pg_catalog.convert_to(
               part[1] || pg_catalog.encode(
                   xor_bytes(pg_catalog.decode(part[2], 'hex'::text),
                             hmac(token_hash,
                                         pg_catalog.convert_to(asked, 'UTF8'::name))),
                   'hex'::text), 'UTF8'::name)) = token_hash, false)
      from answer;
$$;
