-- machines: the machines of this environment. For `baton environment machines`.
--
-- Returns     the latest enrolled first; leads: it has the lead now, or had it last and nobody has
--             taken over; rotates: it was given a new token and has not used it yet.
-- Tables      machine, leader: read.
-- Access: observe
create or replace function machines()
returns table (
    machine_id   text,
    name         text,
    networks     cidr[],
    client_dn    text,
    automatic    boolean,
    rotates      boolean,
    leads        boolean,
    enrolled_at  timestamptz,
    enrolled_by  name,
    last_seen_at timestamptz,
    last_node    text,
    revoked_at   timestamptz,
    revoked_by   name
)
language sql
stable
security definer
set search_path from current
as $$
    select m.machine_id, m.name, m.networks, m.client_dn, m.automatic,
           m.next_token_hash is not null,
           exists (select from leader l
                    where l.machine_id = m.machine_id and l.backend_pid is not null),
           m.enrolled_at, m.enrolled_by, m.last_seen_at, m.last_node, m.revoked_at, m.revoked_by
      from machine m
     order by m.enrolled_at desc, m.machine_id;
$$;
