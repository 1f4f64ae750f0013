-- start_workflow: begin a run of a workflow, inside the caller's transaction.
--
-- The run, its first tasks and the caller's own writes commit together or not at all. What it does
-- is said by the version that is live now, to its end.
--
-- Arguments
--   name      of the workflow. payload: JSON, held to the limits of an event's; the first step's.
--   key       of a workflow's runs only one ever has it: who starts it again with the same payload
--             gets that one. 1 to 256 bytes. It is the key of the events that a step waits for,
--             too.
--   version   this one; null: the one that is live.
--   tenant    whose it is, and whose its tasks are. meta: about the run, not of it; its tasks have
--             it.
-- Returns     the run's id.
-- Raises      BT065 there is no such workflow, or version. BT066 a run has the key, with another
--             payload or tenant. BT064 the key is none. BT001, BT002 a field that is none, or too
--             large. BT006 with a key: the transaction's snapshot is fixed.
-- Locks       the key, until the transaction ends.
-- Notifies    nodes that sleep.
-- Tables      workflow_run: read, insert. See require_workflow_version(). Its tasks: see
--             go_on().
-- Access: dispatch, node, orchestrate
create or replace function start_workflow(
    name    text,
    payload jsonb   default '{}',
    key     text    default null,
    version integer default null,
    tenant  text    default null,
    meta    jsonb   default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    defined workflow_version;
    made    bigint;
    former  workflow_run;
begin
    if octet_length(start_workflow.key) not between 1 and 256 then
        raise exception 'the key of a run has 1 to 256 bytes, not %',
            octet_length(start_workflow.key)
            using errcode = 'BT064';
    end if;
    if start_workflow.key is not null then
        perform require_read_committed('start_workflow');
    end if;
    defined := require_workflow_version(start_workflow.name, start_workflow.version);
    insert into workflow_run (name, version, digest, key, payload, tenant, meta, start_position)
    values (defined.name, defined.version, defined.digest, start_workflow.key,
            coalesce(start_workflow.payload, '{}'), start_workflow.tenant, start_workflow.meta,
            log_end())
        on conflict (name, key) where key is not null do nothing
    returning id into made;
    if made is not null then
        perform go_on(made);
        return made;
    end if;
    select r.* into strict former
      from workflow_run r
     where r.name = defined.name and r.key = start_workflow.key;
    if former.payload::jsonb is distinct from coalesce(start_workflow.payload, '{}')
       or former.tenant::text is distinct from start_workflow.tenant then
        raise exception 'run % of workflow % has the key %, and was started with another payload '
            'or tenant: give this one another key', former.id, defined.name,
            pg_catalog.quote_literal(start_workflow.key)
            using errcode = 'BT066';
    end if;
    return former.id;
end;
$$;
