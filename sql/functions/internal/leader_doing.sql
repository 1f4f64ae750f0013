-- leader_doing: why the orchestrator is behind where nothing holds it up: what its session does.
-- Internal: status().
--
-- Arguments   l: the leader's row. per_second: how many events it reduces.
-- Returns     a clause to follow "the orchestrator is behind" and a colon.
create or replace function leader_doing(l leader, per_second numeric)
returns text
language sql
stable
set search_path from current
as $$
    select coalesce(
        (select pg_catalog.format('it reduces %s events a second; its session, process %s, is %s',
                    leader_doing.per_second, s.pid,
                    s.doing || coalesce(' (' || a.wait_event_type || ': ' || a.wait_event || ')',
                                        ''))
           from leader_session(leader_doing.l) as s
           left join pg_stat_activity a on a.pid = s.pid),
        'its session is gone, and the lease is not over yet');
$$;
