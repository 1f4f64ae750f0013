-- add_workflow_events: keep what was recorded just now, of the types that some workflow waits for.
-- Internal: record_batch(). Who waits for it maintain() looks: nothing that a run does can hold the
-- log up.
--
-- Arguments   first_position, count: which events.
-- Tables      workflow_step, environment_home: read. workflow_event: insert. The log: see
--             read_log().
create or replace function add_workflow_events(first_position bigint, count integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    insert into workflow_event (position, type, key, payload)
    select e.position, e.type, e.key, e.payload
      from read_log(add_workflow_events.first_position - 1, add_workflow_events.count) as e
     where e.key is not null
       and e.id > (select o.no_tasks_to from environment_home o)
       and exists (select from workflow_step d where d.event = e.type);
end;
$$;
