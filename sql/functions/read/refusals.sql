-- refusals: who was turned away from this environment. For `baton environment refusals`.
--
-- Returns     the latest first. machine_id, node are what the caller said of itself; login and
--             address what the server saw.
-- Tables      refusal: read.
-- Access: observe
create or replace function refusals()
returns table (
    code       text,
    machine_id text,
    login      name,
    address    text,
    node       text,
    message    text,
    attempts   bigint,
    first_at   timestamptz,
    last_at    timestamptz
)
language sql
stable
security definer
set search_path from current
as $$
    select r.code, r.machine_id, r.login, r.address, r.node, r.message, r.attempts, r.first_at,
           r.last_at
      from refusal r
     order by r.last_at desc;
$$;
