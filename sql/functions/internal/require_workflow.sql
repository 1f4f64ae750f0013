-- require_workflow: raise what is wrong with a workflow beside its steps. Internal:
-- define_workflow().
--
-- Arguments   as define_workflow().
-- Raises      BT064.
create or replace function require_workflow(
    name text, version integer, steps jsonb, on_failure text)
returns void
language plpgsql
immutable
set search_path from current
as $$
declare
    fault text;
begin
    fault := case
        when octet_length(require_workflow.name) between 1 and 128 is not true
        then 'its name has 1 to 128 bytes'
        when (require_workflow.version > 0) is not true
        then 'its version is a whole number of at least 1'
        when require_workflow.on_failure in ('compensate', 'hold') is not true
        then 'on_failure is compensate or hold'
        when pg_catalog.jsonb_typeof(require_workflow.steps) is distinct from 'array'
        then 'its steps are no JSON array: [{"handler": "reserve"}, {"handler": "charge"}]'
        when pg_catalog.jsonb_array_length(require_workflow.steps) not between 1 and 200
        then 'it has 1 to 200 steps' end;
    if fault is not null then
        perform refuse_workflow(fault);
    end if;
end;
$$;
