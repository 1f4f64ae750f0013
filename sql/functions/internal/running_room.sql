-- running_room: how many tasks of a handler may be claimed now. Internal: claim().
--
-- What is held is counted, from the claims that there are: nothing has to be given back, and what a
-- node held that is gone counts until others may have it. Claims of one such handler follow each
-- other until they commit, so none is counted that another one does not see. What holds nothing any
-- more is cleared away, because the next one would look at it again.
--
-- Where there is a rate, what that leaves counts, too.
--
-- Arguments   handler: one that has a limit.
-- Returns     null: as many as you like, somebody has lifted the limit just now.
-- Locks       the handler, until the transaction ends.
-- Tables      handler: read. task_claim: read, delete. See running_of(), rate_room().
create or replace function running_room(handler text)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    known   handler;
    running integer;
    ended   bigint[];
    room    integer;
begin
    select h.* into known
      from handler h
     where h.name = running_room.handler
       for no key update;
    -- Other statements: they see what was claimed while this waited for the lock.
    if known.running_max is not null then
        select sum(r.tasks), pg_catalog.array_agg(r.claim) filter (where r.tasks = 0)
          into running, ended
          from running_of(running_room.handler) as r;
        delete from task_claim
         where id = any (array(
            select c.id from task_claim c where c.id = any (ended) for update skip locked));
        room := greatest(known.running_max - coalesce(running, 0), 0);
    end if;
    return least(room, rate_room(known));
end;
$$;
