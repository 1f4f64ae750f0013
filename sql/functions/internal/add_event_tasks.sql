-- add_event_tasks: make the tasks that follow from events: one for each event and live handler that
-- named its type. Internal: record_batch(). In the batch's transaction, so each is made once.
--
-- They are ready in the order of the log.
--
-- Notifies    nodes that sleep.
-- Arguments   first_position, count: which events, recorded ones.
-- Tables      handler_event, handler, environment_home: read. task, task_ready: insert. The log:
--             see read_log().
create or replace function add_event_tasks(first_position bigint, count integer)
returns void
language sql
volatile
set search_path from current
set jit = off
as $$
    with added as (
        insert into task (
            requirement, event_id, payload, body, content_type, tenant, meta, schema_version)
        select h.requirement, e.id, e.payload, e.body, e.content_type, e.tenant, e.meta,
               e.schema_version
          from read_log(add_event_tasks.first_position - 1, add_event_tasks.count) as e
          join handler_event s on s.type = e.type and s.after_position < e.position
          join handler h on h.name = s.handler and h.live_version = s.version
         where e.id > (select o.no_tasks_to from environment_home o)
         order by e.position, h.name
        returning id, requirement
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select a.requirement, ready_rank(0, false), a.id, a.id from added a order by a.id
        returning requirement
    )
    select ring_nodes(r.requirement, count(*))
      from readied r
     where pg_catalog.pg_sequence_last_value('task_doorbell') is not null
     group by r.requirement;
$$;
