-- rotate_token: give an enrolled machine another token; the former stays good until the new one is
-- first used, so that nothing has to stop for it.
--
-- Arguments   machine_id: the machine. token_hash: sha256 of the new token.
-- Raises      BT029 there is no such machine here, or it was revoked.
-- Tables      machine: update.
create or replace function rotate_token(machine_id text, token_hash bytea)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    update machine set next_token_hash = rotate_token.token_hash
     where machine_id = rotate_token.machine_id and revoked_at is null;
    if not found then
        raise exception 'machine % is not enrolled here; see `baton environment machines`',
            rotate_token.machine_id
            using errcode = 'BT029';
    end if;
end;
$$;
