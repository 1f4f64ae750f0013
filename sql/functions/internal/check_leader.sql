-- check_leader: whether somebody leads. Part of doctor().
--
-- Returns   one row of doctor().
-- Tables    leader: read.
create or replace function check_leader()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'leader',
        case when lease.is_held then 'ok'
             when session.pid is not null then 'warning' else 'problem' end,
        case when lease.is_held then pg_catalog.format('%s leads, epoch %s', l.node, l.epoch)
             when session.pid is not null
             then pg_catalog.format(
                 '%s leads, epoch %s, but did not extend its lease; its session, process %s, is %s',
                 l.node, l.epoch, session.pid, session.doing)
             else 'no orchestrator leads' end,
        case when lease.is_held then null
             when session.pid is not null
             then 'a batch takes long, or the process hangs: see its log, or raise the lease'
             else 'start one: baton orchestrate' end
      from leader l
     cross join lateral (select l.lease_until >= clock_timestamp() as is_held) as lease
      left join lateral leader_session(l) as session on true
     where l.only_row;
$$;
