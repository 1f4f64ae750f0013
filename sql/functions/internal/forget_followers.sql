-- forget_followers: nodes that ended need no waking; where nobody follows the log any more, a batch
-- need not ring. Internal: maintain().
--
-- Tables      follower: read, delete. node: read.
create or replace function forget_followers()
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
begin
    if pg_catalog.pg_sequence_last_value('follower_doorbell') is null then
        return;
    end if;
    delete from follower f
     where not exists (select from node n where n.id = f.node and n.ended_at is null);
    if not exists (select from follower) then
        perform pg_catalog.setval('follower_doorbell', 1, false);
    end if;
end;
$$;
