-- enrol_machine: let a machine take part in this environment; or give one that does so already
-- another token and other pins, which counts at once (rotate_token() leaves the former token good
-- until the new one is used).
--
-- Arguments   machine_id: `baton environment machine-id` on that machine. name: for people to read.
--             token_hash: sha256 of the token, which only the machine keeps.
--             networks: from where it may come; empty: from everywhere. client_dn: what its TLS
--             certificate must say, as in pg_stat_ssl; null: anything.
-- Raises      23514 (check_violation) an argument is not of its form.
-- Tables      machine: insert, update.
create or replace function enrol_machine(
    machine_id text,
    name       text,
    token_hash bytea,
    networks   cidr[] default '{}',
    client_dn  text default null
)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    insert into machine as m (machine_id, name, token_hash, networks, client_dn)
    values (enrol_machine.machine_id, enrol_machine.name, enrol_machine.token_hash,
            enrol_machine.networks, enrol_machine.client_dn)
    on conflict (machine_id) do update
       set name = excluded.name, token_hash = excluded.token_hash, next_token_hash = null,
           networks = excluded.networks, client_dn = excluded.client_dn, automatic = false,
           enrolled_at = clock_timestamp(), enrolled_by = session_user, revoked_at = null,
           revoked_by = null;
end;
$$;
