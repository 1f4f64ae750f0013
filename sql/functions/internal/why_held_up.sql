-- why_held_up: why no claim gives tasks that need this, whatever else waits: the handler is paused,
-- no node carries it, or it has had its limit. Internal: why_in_lane(), why_waiting().
--
-- Arguments   requirement: which.
-- Returns     one row of why(); none where a claim may give them.
-- Tables      requirement, handler: read.
create or replace function why_held_up(requirement integer)
returns table (reason text, found text, fix text)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    need requirement;
begin
    select r.* into strict need from requirement r where r.id = why_held_up.requirement;
    return query
        select 'paused', pause_of(h), pg_catalog.format('baton handlers resume %s', h.name)
          from handler h
         where h.name = need.handler and h.paused_at is not null;
    if found then
        return;
    end if;
    return query select l.lack, l.found, l.fix from requirement_lack(need.id) as l;
    if found then
        return;
    end if;
    return query select l.reason, l.found, l.fix from why_limited(need.handler) as l;
end;
$$;
