-- require_leader: refuse whoever is not the session that leads. Internal, for what only the leader
-- may do beside batches, where nothing fences it.
--
-- Raises    BT011 another session leads, or none.
-- Tables    leader: read.
-- Access: orchestrate
create or replace function require_leader()
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if not exists (select from leader l
                    where l.only_row and l.backend_pid = pg_backend_pid()
                      and l.mark_hash = own_session()) then
        raise exception 'deposed: this session does not lead'
            using errcode = 'BT011';
    end if;
end;
$$;
