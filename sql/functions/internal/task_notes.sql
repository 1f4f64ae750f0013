-- task_notes: which handlers have tasks that are dead, and which are paused or full. Internal:
-- status().
--
-- Nothing stands still for those that are dead, but nobody does them any more; and what is paused
-- somebody wanted to stand still.
--
-- Arguments   tasks: of status_tasks().
-- Returns     one line each.
-- Tables      handler: read.
create or replace function task_notes(tasks jsonb)
returns text[]
language sql
stable
set search_path from current
as $$
    select array(
        select pg_catalog.format(
                   '%s of %s %s dead: see "baton tasks list --state dead --handler %s"',
                   case when d.dead = 1 then 'a task' when d.dead >= 10000
                        then '10000 or more tasks' else d.dead::text || ' tasks' end,
                   d.handler, case when d.dead = 1 then 'is' else 'are' end, d.handler)
          from pg_catalog.jsonb_to_recordset(task_notes.tasks -> 'dead')
               as d (handler text, dead integer)
         order by d.handler)
        || array(
        select pause_of(h) || pg_catalog.format('; see "baton handlers resume %s"', h.name)
          from handler h
         where h.paused_at is not null
         order by h.name)
        || array(
        select pg_catalog.format('handler %s is full: %s tasks of it wait, or more, and enqueue() '
                                 'refuses to make others', h.name, h.waiting_max)
          from handler h
         where h.is_full
         order by h.name);
$$;
