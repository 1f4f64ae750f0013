-- why_ended: why a task that is dead or cancelled is so, and whether it can be retried. Internal:
-- why().
--
-- Arguments   task: which. state, since, attempts, ended_why: of task_standings(). at_node: where
--             it failed last.
-- Returns     what why() says of it.
-- Tables      task_failure: read.
create or replace function why_ended(
    task bigint, state text, since timestamptz, attempts integer, at_node text, ended_why text)
returns table (found text, fix text)
language sql
stable
set search_path from current
as $$
    select case why_ended.state
               when 'dead' then pg_catalog.format(
                   'it is dead since %s, after %s attempts%s',
                   date_trunc('second', why_ended.since), why_ended.attempts,
                   '; the last error, at ' || why_ended.at_node || ': '
                   || (select pg_catalog.left(f.error, 500) from task_failure f
                        where f.task = why_ended.task order by f.failed_at desc limit 1))
               else pg_catalog.format('it was %s, at %s', why_ended.ended_why,
                                      date_trunc('second', why_ended.since)) end
           || case when p.is_past
                   then '; the run of its workflow does not wait for it any more' else '' end,
           case when not p.is_past
                then pg_catalog.format('baton tasks retry %s', why_ended.task) end
      from (select is_past_step(why_ended.task) as is_past) as p;
$$;
