-- leader_problems: that nobody leads, and what stands still for it; or that who leads does not
-- extend its lease. Internal: status().
--
-- Arguments   l: the leader's row. is_led: what is_led() said of it.
-- Returns     one line each.
create or replace function leader_problems(l leader, is_led boolean)
returns text[]
language sql
stable
set search_path from current
as $$
    select case
        when not leader_problems.is_led
        then pg_catalog.format(
                 'no orchestrator leads: %s; start one with "baton orchestrate"',
                 case when l.epoch = 0 then 'there never was one'
                      else pg_catalog.format('%s led until %s', l.node, l.lease_until) end)
             || version_problems(true)
        when l.lease_until < clock_timestamp()
        then array(select pg_catalog.format(
                 '%s leads, but did not extend its lease, which ended at %s; its session, process '
                 '%s, is %s: a batch takes long, or the process hangs',
                 l.node, l.lease_until, s.pid, s.doing) from leader_session(l) as s)
        else '{}' end;
$$;
