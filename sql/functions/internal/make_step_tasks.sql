-- make_step_tasks: make the tasks of a step of a run, or of what undoes it. Internal: begin_step(),
-- undo_next(). The caller has locked the run.
--
-- They are pinned to the version of the handler that the definition names, in the build that is on
-- record of it now: no other version ever does them.
--
-- Arguments   r: the run. step: its name. handler, version, labels: see workflow_step. payloads: of
--             each one. is_undo: they undo it.
-- Notifies    nodes that sleep.
-- Tables      task, task_ready, workflow_task: insert. handler_version: read. requirement: see
--             requirement_of().
create or replace function make_step_tasks(
    r workflow_run, step text, handler text, version integer, labels text[], payloads jsonb[],
    is_undo boolean)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    needs integer;
begin
    -- raise_floors() relies on "xid taken, then id drawn".
    perform pg_current_xact_id();
    needs := requirement_of(
        make_step_tasks.handler, make_step_tasks.version, make_step_tasks.labels,
        (select v.build from handler_version v
          where v.handler = make_step_tasks.handler and v.version = make_step_tasks.version));
    with made as (
        insert into task (requirement, payload, tenant, meta)
        select needs, p.payload, r.tenant, r.meta
          from pg_catalog.unnest(make_step_tasks.payloads) with ordinality
               as p (payload, ordinal)
         order by p.ordinal
        returning id
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select needs, ready_rank(0, false), m.id, m.id from made m
    )
    insert into workflow_task (task, run, step, round, ordinal, is_undo)
    select m.id, r.id, make_step_tasks.step, r.round,
           row_number() over (order by m.id) - 1, make_step_tasks.is_undo
      from made m;
    if pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
        perform ring_nodes(needs, cardinality(make_step_tasks.payloads));
    end if;
end;
$$;
