--! breaking
-- Which machines belong to this environment, and which were turned away.

-- What this environment is; one row, written by describe_environment(). A schema that nobody has
-- described counts as production.
--   kind  null: nobody has said yet, which counts as production.
create table environment (
    only_row                      boolean not null default true,
    name                          text,
    kind                          text,
    auto_enrol_beside_production  boolean not null default false,

    constraint environment_single_row primary key (only_row),
    constraint environment_only_row_true check (only_row),
    constraint environment_kind_known check (kind in ('development', 'staging', 'production')),
    constraint environment_kind_has_name check (kind is null or name is not null)
);
insert into environment default values;

-- The machines that were enrolled here, see enrol_machine() and admit_machine().
--   machine_id       what a client makes of its machine: 64 hex digits.
--   token_hash       sha256 of the token. next_token_hash: of the one that a rotation gave out; the
--                    former is good until this one is first used.
--   networks         from where it may come; empty: from everywhere.
--   client_dn        what its TLS certificate must say; null: anything, or no certificate. Postgres
--                    shows 63 bytes of it, so one as long may be the beginning of several.
--   automatic        it enrolled itself, which only environments of kind development allow.
create table machine (
    machine_id      text        not null,
    name            text        not null,
    token_hash      bytea       not null,
    next_token_hash bytea,
    networks        cidr[]      not null default '{}',
    client_dn       text,
    automatic       boolean     not null default false,
    enrolled_at     timestamptz not null default clock_timestamp(),
    enrolled_by     name        not null default session_user,
    last_seen_at    timestamptz,
    last_node       text,
    revoked_at      timestamptz,
    revoked_by      name,

    constraint machine_id_unique primary key (machine_id),
    constraint machine_id_is_sha256 check (machine_id ~ '^[0-9a-f]{64}$'),
    constraint machine_name_length check (octet_length(name) between 1 and 200),
    constraint machine_token_hash_is_sha256 check (octet_length(token_hash) = 32),
    constraint machine_next_token_hash_is_sha256 check (octet_length(next_token_hash) = 32),
    constraint machine_client_dn_length check (octet_length(client_dn) between 1 and 62),
    constraint machine_revoked_by_somebody check ((revoked_at is null) = (revoked_by is null))
);

-- Who was turned away: one row for each reason, machine, login and address, so that repeating an
-- attempt takes no room. See refuse_machine(), which also bounds how many rows there are.
--   machine_id  as it was told, which proves nothing; '' where it was none.
--   address     of the client, as the server sees it; 'local' for a unix socket.
create table refusal (
    code       text        not null,
    machine_id text        not null,
    login      name        not null,
    address    text        not null,
    node       text        not null,
    message    text        not null,
    attempts   bigint      not null default 1,
    first_at   timestamptz not null default clock_timestamp(),
    last_at    timestamptz not null default clock_timestamp(),

    constraint refusal_unique primary key (code, machine_id, login, address)
);
create index refusal_by_last_at on refusal (last_at);

-- From which machine the leader is.
alter table leader add column machine_id text;

-- take_lead() also returns why somebody was refused.
drop function if exists take_lead(text, text[], interval);
