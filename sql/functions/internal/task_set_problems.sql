-- task_set_problems: the task sets that stand still, for status(). Internal.
--
-- Returns     lines for people, the first 20.
-- Tables      task_set, task_set_member, task_end, task_set_touch: read.
-- Cost        of the members that are not done, 10000 at most of each of the sets that are open.
create or replace function task_set_problems()
returns text[]
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select array(
        select pg_catalog.format('task set %s (%s of %s) is %s: %s', s.id, s.key, s.handler,
                                 d.state, d.reason)
          from task_set s
         cross join lateral (
            select count(*)::integer as dead
              from (select n.task from task_set_member n
                     where n.task_set = s.id and n.done_at is null limit 10000) as n
             where exists (select from task_end e
                            where e.task = n.task and e.outcome <> 'done')) as m
         cross join lateral task_set_state(s, m.dead) as d
         where s.state = 'open' and (d.state in ('failed', 'blocked_no_capable_node')
                                     or d.state = 'open' and d.reason is not null)
         order by s.id
         limit 20)
        || array(
        select pg_catalog.format('no next task set of %s for %s: %s', t.handler, t.key, t.reason)
          from task_set_touch t
         where t.reason is not null
         order by t.id
         limit 20);
$$;
