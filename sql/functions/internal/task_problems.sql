-- task_problems: which tasks wait for something that is not there: a node that can take them, or
-- somebody who calls maintain(). Internal: status().
--
-- Arguments   tasks: of status_tasks().
-- Returns     one line each; of what nobody can take, the ten that have waited longest.
-- Tables      task_due, task_claim, node: read.
create or replace function task_problems(tasks jsonb)
returns text[]
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select array(
        select pg_catalog.format(
                   case when m.waiting = 1
                        then 'a task of %1$s@%2$s waits, for %5$s s, and nobody can take it: '
                             '%6$s; %7$s'
                        else '%3$s%4$s tasks of %1$s@%2$s wait, the oldest for %5$s s, and nobody '
                             'can take them: %6$s; %7$s' end,
                   m.handler, m.version, m.waiting,
                   case when m.waiting >= 10000 then ' or more' else '' end,
                   m.oldest_seconds, m.found, m.fix)
          from pg_catalog.jsonb_to_recordset(task_problems.tasks -> 'missing')
               as m (handler text, version integer, waiting integer, oldest_seconds numeric,
                     found text, fix text)
         order by m.oldest_seconds desc
         limit 10)
        || array(
        select pg_catalog.format('%s%s; each node has to call it once a second', u.sentence,
                                 '; for it wait ' || w.what)
          from unmaintained() as u (sentence)
         cross join lateral (
            select string_agg(o.what, ' and ') as what
              from (select 'tasks whose time has come' as what
                     where exists (select from task_due d
                                    where d.due_at < (select clock_timestamp()
                                                      - interval '10 seconds')
                                      and d.follows is null)
                     union all
                    select 'what nodes held that have ended'
                     where exists (select from task_claim c
                                     join node n on n.id = c.node
                                    where not is_live(n))) as o) as w
         where u.sentence is not null
           and (w.what is not null
                or exists (select from node n
                            where is_live(n)
                              and n.registered_at < clock_timestamp() - interval '10 seconds')));
$$;
