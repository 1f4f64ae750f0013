-- define_workflow: say what a version of a workflow does. Said again with the same words, it
-- changes nothing.
--
-- The first version is live at once: new runs take it; another one when promote_workflow() says so.
-- What a run does is its definition's, for ever: so a version that was defined never becomes
-- another one, but in an environment for development, where the newest counts, for new runs.
--
-- Arguments
--   name      1 to 128 bytes. version: from 1.
--   steps     a JSON array of 1 to 200 objects, each of which has one of
--     handler   a task of it. With it version: of the handler, the one that is live now, where that
--               is left out; labels; each: a field of the payload, or "" for all of it, is an
--               array, and each element becomes a task: what they gave is an array, in that order;
--               undo, undo_version: the handler that undoes it.
--     sleep     '2 hours': it takes that long, and gives what it got.
--     event     the type of an event that it waits for; it gives the event's payload. key_of: the
--               field of the run's payload that has the event's key; where it is left out, the
--               run's key is. since: 'run', events from the start of the run on will do; or 'step'.
--               deadline, at_deadline: after that time 'fail', or 'continue' with null.
--     and name, where the handler's will not do; and after: the names of the steps before it that
--     have to be done first, [] for none; where it is left out, the step before it. What that gave
--     is its payload; of several {name: what it gave}; where there is none, the run's payload.
--   on_failure  what where a step cannot be done: 'compensate', what was done is undone in reverse
--             order; or 'hold', the run waits for retry_workflow() or cancel_workflow().
-- Returns     the definition's digest.
-- Raises      BT064 something of that is not as it must be, or the version is on record with other
--             steps. BT037 nobody registered a handler. BT042 a label. BT006 the transaction's
--             snapshot is fixed.
-- Locks       the turn 'registration', until the transaction ends; and the leader's row, where a
--             step waits for an event: see store_workflow().
-- Tables      workflow_definition: insert. workflow_version, environment: read. See
--             store_workflow().
-- Access: orchestrate, node
create or replace function define_workflow(
    name text, version integer, steps jsonb, on_failure text default 'compensate')
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    made   workflow_step[];
    known  text;
    digest text;
    whole  jsonb;
begin
    perform require_read_committed('define_workflow');
    perform require_workflow(define_workflow.name, define_workflow.version, define_workflow.steps,
                             define_workflow.on_failure);
    perform lock_registration();
    known := (select v.digest from workflow_version v
               where v.name = define_workflow.name and v.version = define_workflow.version);
    made := workflow_steps_of(define_workflow.steps, known);
    whole := (select pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.to_jsonb(s))
                                          - 'digest' order by s.ordinal)
                from pg_catalog.unnest(made) as s);
    digest := pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
        pg_catalog.jsonb_build_object(
            'name', define_workflow.name, 'version', define_workflow.version,
            'on_failure', define_workflow.on_failure, 'steps', whole)::text, 'UTF8')), 'hex');
    if known = digest then
        return digest;
    elsif known is not null
          and (select e.kind from environment e where e.only_row) is distinct from 'development'
    then
        perform refuse_workflow(pg_catalog.format(
            '%s@%s is on record here with other steps, %s and not %s: give what changed a new '
            'version', define_workflow.name, define_workflow.version, pg_catalog.left(known, 12),
            pg_catalog.left(digest, 12)));
    end if;
    insert into workflow_definition (digest, name, version, on_failure, steps)
    values (digest, define_workflow.name, define_workflow.version, define_workflow.on_failure,
            whole)
        on conflict do nothing;
    perform store_workflow(define_workflow.name, define_workflow.version, digest, made);
    return digest;
end;
$$;
