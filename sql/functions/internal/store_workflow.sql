-- store_workflow: a definition is that of a version, from now on. Internal: define_workflow().
--
-- Where a step waits for an event, the batch that is being recorded is waited for: from the next
-- one on events of its type are looked at, so that a run which starts after this misses none.
--
-- Arguments   name, version, digest: of the definition, which is there. steps: its steps.
-- Raises      BT001, BT002 see declare_event_types().
-- Locks       the leader's row, until the transaction ends, where a step waits for an event.
-- Tables      workflow_step, workflow: insert. workflow_version: insert, update. leader: lock. The
--             types: see declare_event_types().
create or replace function store_workflow(
    name text, version integer, digest text, steps workflow_step[])
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    types constant text[] := array(select distinct s.event
                                     from pg_catalog.unnest(store_workflow.steps) as s
                                    where s.event is not null);
begin
    if types <> '{}' then
        perform declare_event_types(types);
        perform from leader where only_row for update;
    end if;
    insert into workflow_step (
        digest, step, ordinal, after, handler, version, labels, each, undo_handler, undo_version,
        sleep, event, key_of, since, deadline, at_deadline)
    select store_workflow.digest, s.step, s.ordinal, s.after, s.handler, s.version, s.labels,
           s.each, s.undo_handler, s.undo_version, s.sleep, s.event, s.key_of, s.since, s.deadline,
           s.at_deadline
      from pg_catalog.unnest(store_workflow.steps) as s
        on conflict do nothing;
    insert into workflow_version (name, version, digest)
    values (store_workflow.name, store_workflow.version, store_workflow.digest)
        on conflict (name, version) do update set digest = excluded.digest;
    insert into workflow (name, live_version)
    values (store_workflow.name, store_workflow.version)
        on conflict do nothing;
    if found then
        update workflow_version v set live_since = clock_timestamp()
         where v.name = store_workflow.name and v.version = store_workflow.version;
    end if;
    if pg_catalog.pg_sequence_last_value('workflow_bell') is null then
        perform pg_catalog.setval('workflow_bell', 1, true);
    end if;
end;
$$;
