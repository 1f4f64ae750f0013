-- stamp_tasks: say which version of a handler does the tasks that wait, by what is live now.
-- Internal: register_handler(), switch_handlers().
--
-- A task says for ever which version it was made for, in its requirement. Which one does it is one
-- number for all tasks of that version, handler_version.runs_as, so a switch costs the same however
-- many wait; whatever their labels, priority or time. Claims look there: requirements_met(). It
-- becomes
-- - the live version, where that is the task's own, or says that it accepts what was made for it;
-- - else what it was, where that version says so;
-- - else the task's own.
-- Hence:
-- - No version gets a task that it did not say it takes. A chain is not followed: where 3 accepts
--   from 2, and 2 from 1, what was made for 1 goes on being done by 2, until 3 accepts from 1, too:
--   that 2 can read it says nothing of 3. So a version names all that it takes.
-- - What the live version does not take waits for a node that carries the version that did it until
--   now. It holds nothing and burns nothing meanwhile.
-- - A rollback is the same the other way: what was made for the former version is done by it again;
--   what was made for the newer one waits for that, unless the former accepts from it.
-- - What a node has claimed it does as the version that claim() said, and completes it. If the task
--   comes back (failed, handed back, lost with its node), the next claim decides anew.
--
-- Nodes that sleep and can do now what waits are woken.
--
-- The caller holds the turn 'registration', so that nobody changes what is read here.
--
-- Arguments   handler: of which.
-- Notifies    nodes that sleep.
-- Tables      handler_version: update. handler, requirement, task_ready: read.
create or replace function stamp_tasks(handler text)
returns void
language sql
volatile
set search_path from current
as $$
    update handler_version v
       set runs_as = s.runs_as
      from (select made.version, (
                    select c.version
                      from handler_version c
                     where c.handler = made.handler
                       and c.version in (h.live_version, made.runs_as, made.version)
                       and (c.version = made.version or made.version = any (c.accepts_from))
                     order by c.version = h.live_version desc, c.version = made.runs_as desc
                     limit 1) as runs_as
              from handler h
              join handler_version made on made.handler = h.name
             where h.name = stamp_tasks.handler) as s
     where v.handler = stamp_tasks.handler and v.version = s.version and v.runs_as <> s.runs_as;

    select ring_nodes(r.id, 16)
      from requirement r
     where r.handler = stamp_tasks.handler
       and pg_catalog.pg_sequence_last_value('task_doorbell') is not null
       and exists (select from task_ready q where q.requirement = r.id);
$$;
