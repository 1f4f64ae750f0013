-- refuse_workflow: raise what is wrong with a workflow's definition. Internal.
--
-- Arguments   what: the sentence.
-- Raises      BT064.
create or replace function refuse_workflow(what text)
returns void
language plpgsql
immutable
set search_path from current
as $$
begin
    raise exception 'the workflow cannot be defined: %', pg_catalog.left(refuse_workflow.what, 600)
        using errcode = 'BT064';
end;
$$;
